package documents_test

import (
	"bytes"
	"image"
	"image/png"
	"strings"
	"testing"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/stretchr/testify/require"

	"shipments/activities"
	"shipments/activities/documents"
	"shipments/activities/documents/pdf"
)

// theirLabel is a label as a carrier may draw it.
func theirLabel(t *testing.T, text string) documents.LabelFile {
	t.Helper()
	page := pdf.NewPage(101.6, 152.4)
	encoded, printable := pdf.EncodeHelvetica(text)
	require.True(t, printable)
	page.Helvetica(10, 20, 12, false, encoded)
	d := pdf.New("A carrier's label", "de", now)
	d.Add(page)
	return documents.LabelFile{Content: d.Bytes()}
}

func theirPicture(t *testing.T) documents.LabelFile {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, png.Encode(&out, image.NewGray(image.Rect(0, 0, 812, 1218))))
	return documents.LabelFile{Content: out.Bytes()}
}

var theirZPL = documents.LabelFile{Content: []byte("^XA^FO50,50^FDlabel^FS^XZ\n")}

func pageCount(t *testing.T, document []byte) int {
	t.Helper()
	config := model.NewDefaultConfiguration()
	config.Offline = true
	n, err := api.PageCount(bytes.NewReader(document), config)
	require.NoError(t, err)
	return n
}

func TestRenderMergesTheLabelsOfCarriers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		first []documents.LabelFile
		pages int // of the first leg
	}{
		"a PDF for each package": {[]documents.LabelFile{theirLabel(t, "their label 1"), theirLabel(t, "their label 2")}, 2},
		"one file":               {[]documents.LabelFile{theirLabel(t, "their label 1")}, 1},
		"PDF and picture":        {[]documents.LabelFile{theirLabel(t, "their label 1"), theirPicture(t)}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := input(t, "cabc")
			in.CarrierLabels = [][]documents.LabelFile{c.first, nil}
			rendered, err := documents.Render(in, nil)
			require.NoError(t, err)
			ours := len(in.Legs[1].TrackingNumbers)
			for kind, want := range map[string]int{
				in.Legs[0].CarrierID: c.pages, in.Legs[1].CarrierID: ours, documents.KindLabels: c.pages + ours, documents.KindCombined: c.pages + ours + 2,
			} {
				requireValid(t, kind, rendered[kind])
				require.Equal(t, want, pageCount(t, rendered[kind]), kind)
				require.Equal(t, kind != in.Legs[1].CarrierID, bytes.Contains(rendered[kind], []byte("their label 1")), kind)
				require.NotContains(t, string(rendered[kind]), "A carrier's label", "the title is ours")
			}
			again, err := documents.Render(in, nil)
			require.NoError(t, err)
			require.Equal(t, rendered, again)
		})
	}
}

func TestRenderKeepsZPL(t *testing.T) {
	t.Parallel()
	in := input(t, "cabc")
	in.CarrierLabels = [][]documents.LabelFile{{theirZPL, theirZPL}, nil}
	rendered, err := documents.Render(in, nil)
	require.NoError(t, err)
	carrier := in.Legs[0].CarrierID
	require.Equal(t, string(theirZPL.Content)+string(theirZPL.Content), string(rendered[carrier]))
	require.Equal(t, "application/zpl", documents.ContentType(rendered[carrier]))
	require.Equal(t, "application/pdf", documents.ContentType(rendered[documents.KindLabels]))
	require.Equal(t, 1+len(in.Legs[1].TrackingNumbers), pageCount(t, rendered[documents.KindLabels]))
	require.Contains(t, string(rendered[documents.KindLabels]), "This page is no label")
}

func TestStorePutLabelsRefusesWhatCannotBePrinted(t *testing.T) {
	t.Parallel()
	_, store := setup(t)
	good := theirLabel(t, "their label")
	var encrypted bytes.Buffer
	require.NoError(t, api.Encrypt(bytes.NewReader(good.Content), &encrypted, model.NewAESConfiguration("", "owner", 256)))
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"encrypted":      {encrypted.Bytes(), "encrypted"},
		"cut off":        {good.Content[:len(good.Content)/2], "cut off"},
		"a web page":     {[]byte("<html>not found</html>"), "no PDF document, no PNG picture and no ZPL"},
		"nothing":        {nil, "no PDF document"},
		"half a picture": {theirPicture(t).Content[:100], "PNG picture"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id := "abc" + string(name[0])
			err := store.PutLabels(t.Context(), id, 2, []documents.LabelFile{good, {Content: c.content}})
			require.ErrorContains(t, err, "label 2 of 2 that the carrier of leg 2 gave")
			require.ErrorContains(t, err, c.want)
			labels, err := store.Labels(t.Context(), id, 2, 2)
			require.NoError(t, err)
			require.Equal(t, [][]documents.LabelFile{nil, nil}, labels, "nothing is stored")
		})
	}
}

func TestStorePutLabelsLeavesNoOlderOnes(t *testing.T) {
	t.Parallel()
	_, store := setup(t)
	four := []documents.LabelFile{theirLabel(t, "1"), theirLabel(t, "2"), theirPicture(t), theirZPL}
	other := theirLabel(t, "other")
	for name, c := range map[string]struct{ then []documents.LabelFile }{
		"as many":        {[]documents.LabelFile{other, other, other, other}},
		"one for all":    {[]documents.LabelFile{other}},
		"one less":       {four[:3]},
		"none":           {nil},
		"as many again":  {four},
		"two of another": {[]documents.LabelFile{theirZPL, other}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id := strings.ReplaceAll(name, " ", "-")
			require.NoError(t, store.PutLabels(t.Context(), id, 1, four))
			require.NoError(t, store.PutLabels(t.Context(), id, 2, four))
			for range 2 {
				require.NoError(t, store.PutLabels(t.Context(), id, 1, c.then))
				labels, err := store.Labels(t.Context(), id, 2, 4)
				require.NoError(t, err)
				require.Equal(t, [][]documents.LabelFile{c.then, four}, labels)
			}
			require.NoError(t, store.PutLabels(t.Context(), id, 1, four), "what was deleted can be stored again")
			labels, err := store.Labels(t.Context(), id, 2, 4)
			require.NoError(t, err)
			require.Equal(t, [][]documents.LabelFile{four, four}, labels)
		})
	}
}

func TestGenerateUsesTheLabelsOfCarriers(t *testing.T) {
	t.Parallel()
	_, store := setup(t)
	in := input(t, "cabc")
	files := []documents.LabelFile{theirLabel(t, "their label 1"), theirLabel(t, "their label 2")}
	for range 2 {
		require.NoError(t, store.PutLabels(t.Context(), "cabc", 1, files))
	}
	require.NoError(t, store.PutLabels(t.Context(), "cabc", 2, []documents.LabelFile{theirZPL}))
	labels, err := store.Labels(t.Context(), "cabc", 2, 2)
	require.NoError(t, err)
	require.Equal(t, [][]documents.LabelFile{files, {theirZPL}}, labels)
	a := &activities.Documents{Store: store}
	require.NoError(t, a.Generate(t.Context(), in))
	for kind, want := range map[string]string{
		in.Legs[0].CarrierID: "their label 2", in.Legs[1].CarrierID: "^XA", documents.KindLabels: "their label 1", documents.KindCombined: "their label 2",
	} {
		content, _, err := store.Get(t.Context(), documents.Name("cabc", kind))
		require.NoError(t, err)
		require.Contains(t, string(content), want, kind)
	}
}
