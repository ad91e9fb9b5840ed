package pdf_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/stretchr/testify/require"

	"shipments/activities/documents/pdf"
	"shipments/activities/documents/typeface"
)

var date = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func runs(t testing.TB, text string, bold bool) []typeface.Run {
	t.Helper()
	runs, err := typeface.Default().Runs(text, bold)
	require.NoError(t, err)
	return runs
}

// drawn is a page with everything that can be drawn.
func drawn(t testing.TB) *pdf.Page {
	t.Helper()
	page := pdf.NewPage(100, 150)
	encoded, printable := pdf.EncodeHelvetica(`Müller (\ & Söhne) – 5 €`)
	require.True(t, printable)
	page.Helvetica(5, 10, 12, false, encoded)
	page.Helvetica(5, 20, 12, true, encoded)
	page.Grey(0.5)
	page.Line(5, 30, 95, 30, 0.2)
	page.Grey(0)
	page.Fill([4]float64{5, 40, 10, 10}, [4]float64{20, 40, 10, 10})
	page.Runs(5, 60, 12, false, runs(t, "Nguyễn Ọ̀ṣun \U0001d538", false))
	page.Runs(5, 70, 12, true, runs(t, "Київ \U0001d538", true))
	return page
}

func document(title string, pages ...*pdf.Page) []byte {
	d := pdf.New(title, "en", date)
	for _, page := range pages {
		d.Add(page)
	}
	return d.Bytes()
}

// requireValid has another program check a document.
func requireValid(t *testing.T, content []byte, pages int) {
	t.Helper()
	config := model.NewDefaultConfiguration()
	config.ValidationMode, config.Offline = model.ValidationStrict, true
	require.NoError(t, api.Validate(bytes.NewReader(content), config))
	count, err := api.PageCount(bytes.NewReader(content), config)
	require.NoError(t, err)
	require.Equal(t, pages, count)
}

func TestDocumentIsValid(t *testing.T) {
	t.Parallel()
	page := drawn(t)
	content := document("Labels, shipment Ω", page, page)
	requireValid(t, content, 2)
	require.Contains(t, string(content), "/Lang(en)")
	require.Contains(t, string(content), "/Title<FEFF")
	require.Contains(t, string(document("Labels", page)), "/Title(Labels)")
	require.Equal(t, content, document("Labels, shipment Ω", page, page), "the same pages give the same bytes")
}

func TestReadTakesPagesOver(t *testing.T) {
	t.Parallel()
	large := pdf.NewPage(210, 297)
	large.Line(0, 0, 210, 297, 1)
	pages, err := pdf.Read(document("theirs", drawn(t), large))
	require.NoError(t, err)
	require.Len(t, pages, 2)
	require.InDelta(t, 100, pages[0].Width(), 0.01)
	require.InDelta(t, 297, pages[1].Height(), 0.01)
	merged := document("ours", pages[0], drawn(t), pages[1], pages[0])
	requireValid(t, merged, 4)
	require.NotContains(t, string(merged), "theirs")
	require.Equal(t, merged, document("ours", pages[0], drawn(t), pages[1], pages[0]))
	again, err := pdf.Read(merged)
	require.NoError(t, err)
	require.Len(t, again, 4)
}

// What another program wrote is taken over too: with compressed objects, and with
// what several pages share.
func TestReadTakesCompressedDocuments(t *testing.T) {
	t.Parallel()
	var written bytes.Buffer
	require.NoError(t, api.Optimize(bytes.NewReader(document("theirs", drawn(t), drawn(t))), &written, model.NewDefaultConfiguration()))
	require.Contains(t, written.String(), "/ObjStm")
	pages, err := pdf.Read(written.Bytes())
	require.NoError(t, err)
	requireValid(t, document("ours", pages...), 2)
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	good := document("theirs", drawn(t))
	encrypted := func(user, owner string) []byte {
		var out bytes.Buffer
		require.NoError(t, api.Encrypt(bytes.NewReader(good), &out, model.NewAESConfiguration(user, owner, 256)))
		return out.Bytes()
	}
	picture, err := pdf.Picture(pngOf(t, image.NewGray(image.Rect(0, 0, 800, 1200))))
	require.NoError(t, err)
	changed := document("theirs", picture)
	changed[bytes.Index(changed, []byte("FlateDecode"))+100] ^= 0x10
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"nothing":                       {nil, "damaged"},
		"a web page":                    {[]byte("<html>not found</html>"), "damaged"},
		"half a document":               {good[:len(good)/2], "cut off"},
		"all but its end":               {good[:len(good)-10], "cut off"},
		"a changed byte":                {changed, "damaged"},
		"a document without objects":    {[]byte("%PDF-1.7\n%%EOF"), "damaged"},
		"encrypted":                     {encrypted("secret", "owner"), "encrypted"},
		"encrypted, but can be read":    {encrypted("", "owner"), "encrypted"},
		"a page that refers to nowhere": {regexp.MustCompile(`/Kids\[\d+ 0 R`).ReplaceAll(good, []byte("/Kids[99 0 R")), "damaged"},
		"no pages":                      {document("theirs"), "pages"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := pdf.Read(c.content)
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err = pdf.Read(encrypted("", "owner"))
	require.ErrorIs(t, err, pdf.ErrEncrypted)
}

func pngOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, png.Encode(&out, img))
	return out.Bytes()
}

func TestPictureBecomesAPage(t *testing.T) {
	t.Parallel()
	grey := image.NewGray(image.Rect(0, 0, 800, 1200))
	coloured := image.NewNRGBA(image.Rect(0, 0, 800, 1200))
	coloured.Set(1, 1, color.NRGBA{R: 200, A: 100})
	for name, img := range map[string]image.Image{"grey": grey, "coloured": coloured} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page, err := pdf.Picture(pngOf(t, img))
			require.NoError(t, err)
			require.InDelta(t, 100, page.Width(), 0.01)
			require.InDelta(t, 150, page.Height(), 0.01)
			content := document("picture", page, drawn(t), page)
			requireValid(t, content, 3)
			require.Equal(t, 1, strings.Count(string(content), "/Subtype/Image"), "once, although it is on two pages")
		})
	}
	t.Run("that says its size", func(t *testing.T) {
		t.Parallel()
		content := pngOf(t, grey)
		const header = 33 // signature and first chunk
		physical := []byte{0, 0, 0, 9, 'p', 'H', 'Y', 's', 0, 0, 0x1f, 0x40, 0, 0, 0x1f, 0x40, 1, 0, 0, 0, 0}
		binary.BigEndian.PutUint32(physical[17:], crc32.ChecksumIEEE(physical[4:17]))
		page, err := pdf.Picture(append(append(append([]byte{}, content[:header]...), physical...), content[header:]...))
		require.NoError(t, err)
		require.InDelta(t, 100, page.Width(), 0.01, "800 pixels at 8000 per metre")
		require.InDelta(t, 150, page.Height(), 0.01)
	})
}

func TestPictureRefuses(t *testing.T) {
	t.Parallel()
	good := pngOf(t, image.NewGray(image.Rect(0, 0, 100, 100)))
	for name, content := range map[string][]byte{
		"nothing": nil, "text": []byte("<html>"), "half": good[:len(good)/2],
		"a thin line": pngOf(t, image.NewGray(image.Rect(0, 0, 1000, 1))),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := pdf.Picture(content)
			require.ErrorContains(t, err, "PNG picture")
		})
	}
}

func TestEncodeHelvetica(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{"": true, "Ærø €…“”": true, "ő": false, "a\n": false, "\u0080": false, "\u00ad": false, "a\u0301": false} {
		t.Run(fmt.Sprintf("%q", text), func(t *testing.T) {
			t.Parallel()
			_, printable := pdf.EncodeHelvetica(text)
			require.Equal(t, want, printable)
		})
	}
	encoded, _ := pdf.EncodeHelvetica("Hello")
	require.InDelta(t, 2278*10.0/1000/72*25.4, pdf.HelveticaWidth(10, false, encoded), 0.001)
}

// FuzzRead looks for documents that cannot be read, or copied, without a panic.
func FuzzRead(f *testing.F) {
	good := document("theirs", drawn(f))
	f.Add(good)
	f.Add(good[:len(good)-100])
	f.Add([]byte("%PDF-1.7\ntrailer<</Root 1 0 R>>"))
	f.Fuzz(func(_ *testing.T, content []byte) {
		pages, err := pdf.Read(content)
		if err == nil {
			document("ours", pages...)
		}
	})
}

func TestNumbersAreRoundedExactly(t *testing.T) {
	t.Parallel()
	numbers := []float64{0, 1, -1, 0.5, 0.00005, -0.00005, 0.00015, 1.00005, -0.00001, 123456789.1234, 1e12, 0.1, 2.675, 595.2756, 0.99995, 9.99994}
	random := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		numbers = append(numbers, random.Float64()*2000-1000, float64(random.IntN(2_000_000)-1_000_000)/20_000)
	}
	for _, n := range numbers {
		require.Equal(t, string(pdf.AppendExactNumber(nil, n)), string(pdf.AppendNumber(nil, n)), n)
	}
}
