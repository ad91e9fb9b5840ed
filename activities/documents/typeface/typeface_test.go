package typeface_test

import (
	"encoding/binary"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-fonts/dejavu/dejavusans"
	"github.com/stretchr/testify/require"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/unicode/norm"

	"shipments/activities/documents/typeface"
)

func TestTypefacePrints(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"nothing":                           "",
		"ASCII":                             " !~",
		"western European":                  "Müller, Łódź, Ærø, 12–14, “…”, €",
		"Vietnamese":                        "Nguyễn Thị Hồng, Phường Đống Đa",
		"Turkish, Azeri":                    "İstanbul, Iğdır, Gəncə",
		"Greek":                             "Ελένη Παπαδοπούλου, Ὀδυσσεύς",
		"Cyrillic":                          "Київ, Ґ, Ћирилица, Қазақстан",
		"Yoruba":                            norm.NFC.String("Ọ̀ṣun, Ẹ̀kọ́"),
		"Lithuanian":                        norm.NFC.String("i̇́ j̃ ė̃"),
		"Armenian, Georgian":                "Երևան, თბილისი",
		"symbols":                           "№ 5 ½ ° × → ✓",
		"beyond the first 65536 characters": "\U0001d538\U0001f600",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, string(typeface.Default().Unprintable(text)))
			for _, bold := range []bool{false, true} {
				runs, err := typeface.Default().Runs(text, bold)
				require.NoError(t, err)
				var printed []rune
				for _, run := range runs {
					for _, glyph := range run.Glyphs {
						require.NotZero(t, glyph.ID, "glyph 0 is the sign for a missing character")
						printed = append(printed, glyph.Text)
					}
				}
				require.Equal(t, text, string(printed))
			}
		})
	}
}

func TestTypefaceNamesWhatItCannotPrint(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"Japanese, each once":                   {"山田 太郎 山", "山田太郎"},
		"Arabic":                                {"a محمد", "محد"},
		"Arabic digits":                         {"٣", "٣"},
		"Hebrew":                                {"שלום", "שלום"},
		"Thai":                                  {"ไทย", "ไทย"},
		"Devanagari":                            {"हि", "हि"},
		"letters of syllables":                  {"\u1112\u1161", "\u1112\u1161"},
		"a replacement sign":                    {"a\ufffd", "\ufffd"},
		"an object replacement sign":            {"a\ufffc", "\ufffc"},
		"control characters":                    {"a\nb\x00\x7f\u0085", "\n\x00\x7f\u0085"},
		"private characters":                    {"\ue000", "\ue000"},
		"not yet characters":                    {"\u0378\U0010ffff", "\u0378\U0010ffff"},
		"emoji that are lacked":                 {"\U0001f69a", "\U0001f69a"},
		"a mark of a shaped script on a letter": {"a\u0e31", "\u0e31"},
		"a direction mark":                      {"a\u202e", "\u202e"},
		"a mark over two letters":               {"t\u0361s", "\u0361"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, string(typeface.Default().Unprintable(c.text)))
			_, err := typeface.Default().Runs(c.text, false)
			var unprintable *typeface.UnprintableError
			require.ErrorAs(t, err, &unprintable)
			require.Equal(t, c.want, string(unprintable.Characters))
		})
	}
}

func TestUnprintableErrorShowsCharacterAndCode(t *testing.T) {
	t.Parallel()
	err := &typeface.UnprintableError{Characters: []rune{'山', '\u202e'}}
	require.EqualError(t, err, `cannot print '山' (U+5C71), '\u202e' (U+202E)`)
}

// fontOf returns the file of a font whose characters have the glyphs of other
// characters in DejaVu Sans.
func fontOf(t *testing.T, characters map[rune]rune) []byte {
	t.Helper()
	parsed, err := sfnt.Parse(dejavusans.TTF)
	require.NoError(t, err)
	glyphs := map[rune]sfnt.GlyphIndex{}
	for r, like := range characters {
		glyph, err := parsed.GlyphIndex(nil, like)
		require.NoError(t, err)
		require.NotZero(t, glyph)
		glyphs[r] = glyph
	}
	cmap := cmapOf(glyphs)
	// The table is put behind the file, and the entry of the old one names it.
	file := slices.Clone(dejavusans.TTF)
	for i := range int(binary.BigEndian.Uint16(file[4:])) {
		if entry := file[12+16*i:]; string(entry[:4]) == "cmap" {
			binary.BigEndian.PutUint32(entry[8:], uint32(len(file)))
			binary.BigEndian.PutUint32(entry[12:], uint32(len(cmap)))
		}
	}
	return append(file, cmap...)
}

// cmapOf is a table of the glyphs of characters.
func cmapOf(glyphs map[rune]sfnt.GlyphIndex) []byte {
	table := []byte{0, 0, 0, 1, 0, 3, 0, 10, 0, 0, 0, 12, 0, 12, 0, 0}
	for _, n := range []uint32{uint32(16 + 12*len(glyphs)), 0, uint32(len(glyphs))} {
		table = binary.BigEndian.AppendUint32(table, n)
	}
	for _, r := range slices.Sorted(maps.Keys(glyphs)) {
		for _, n := range []uint32{uint32(r), uint32(r), uint32(glyphs[r])} {
			table = binary.BigEndian.AppendUint32(table, n)
		}
	}
	return table
}

// collection puts fonts into one file.
func collection(fonts ...[]byte) []byte {
	file := []byte{'t', 't', 'c', 'f', 0, 1, 0, 0}
	file = binary.BigEndian.AppendUint32(file, uint32(len(fonts)))
	start := len(file) + 4*len(fonts)
	for _, font := range fonts {
		file = binary.BigEndian.AppendUint32(file, uint32(start))
		start += len(font)
	}
	offset := len(file)
	for _, font := range fonts {
		font = slices.Clone(font)
		for i := range int(binary.BigEndian.Uint16(font[4:])) {
			entry := font[12+16*i:]
			binary.BigEndian.PutUint32(entry[8:], binary.BigEndian.Uint32(entry[8:])+uint32(offset))
		}
		file = append(file, font...)
		offset += len(font)
	}
	return file
}

func folderOf(t *testing.T, files map[string][]byte) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range files {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), content, 0o600))
	}
	return folder
}

func TestLoadTriesFurtherFontsInTurn(t *testing.T) {
	t.Parallel()
	folder := folderOf(t, map[string][]byte{
		"b.TTF":      fontOf(t, map[rune]rune{'山': 'B', '田': 'B', 'a': 'B'}),
		"a.ttf":      fontOf(t, map[rune]rune{'山': 'A', '\U00020bb7': 'A', 'ع': 'A', 'ก': 'A'}),
		"c.ttc":      collection(fontOf(t, map[rune]rune{'太': 'C'}), fontOf(t, map[rune]rune{'郎': 'D'})),
		"README.txt": []byte("not a font"),
	})
	require.NoError(t, os.Mkdir(filepath.Join(folder, "more"), 0o700))
	fonts, err := typeface.Load(folder)
	require.NoError(t, err)
	require.Empty(t, fonts.Unprintable("山田 太郎 \U00020bb7"))
	require.Equal(t, "عก", string(fonts.Unprintable("عก")), "right to left, or shaped, whatever fonts there are")
	runs, err := fonts.Runs("a山田a太郎", false)
	require.NoError(t, err)
	var names []string
	for _, run := range runs {
		names = append(names, run.Font.Name)
	}
	require.Equal(t, []string{"DejaVuSans", "a", "b", "DejaVuSans", "c-1", "c-2"}, names)
	require.Equal(t, "山", string(typeface.Default().Unprintable("山")), "the default stays as it is")
}

func TestLoadWithoutAFolderIsTheDefault(t *testing.T) {
	t.Parallel()
	fonts, err := typeface.Load("")
	require.NoError(t, err)
	require.Same(t, typeface.Default(), fonts)
}

func TestLoadNamesTheFileThatItCannotUse(t *testing.T) {
	t.Parallel()
	good := fontOf(t, map[rune]rune{'山': 'A'})
	table := func(name string, change func(table []byte)) []byte {
		file := slices.Clone(dejavusans.TTF)
		for i := range int(binary.BigEndian.Uint16(file[4:])) {
			if entry := file[12+16*i:]; string(entry[:4]) == name {
				change(file[binary.BigEndian.Uint32(entry[8:]):])
			}
		}
		return file
	}
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"empty":               {nil, "cut off"},
		"text":                {[]byte("<html>not found</html>"), "no TrueType font"},
		"half":                {good[:len(good)/2], "cut off"},
		"with CFF":            {append([]byte("OTTO"), good[4:]...), "CFF outlines"},
		"web font":            {append([]byte("wOF2"), good[4:]...), "no TrueType font"},
		"no glyphs":           {[]byte(strings.Replace(string(good), "glyf", "glif", 1)), "no TrueType outlines"},
		"no name of a map":    {[]byte(strings.Replace(string(good), "cmap", "cmop", 1)), "no table cmap"},
		"may not be embedded": {table("OS/2", func(table []byte) { table[9] = 2 }), "licence"},
		"no size":             {table("head", func(table []byte) { table[18], table[19] = 0, 0 }), "cut off or damaged"},
		"broken glyphs":       {table("loca", func(table []byte) { table[4] = 0xff }), "cut off or damaged"},
		"broken collection":   {collection(good)[:20], "font 1 of the collection: the file is cut off"},
		"empty collection":    {[]byte("ttcf\x00\x01\x00\x00\x00\x00\x00\x00"), "cut off"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := folderOf(t, map[string][]byte{"a good one.ttf": good, "wrong.ttf": c.content})
			_, err := typeface.Load(folder)
			require.ErrorContains(t, err, filepath.Join(folder, "wrong.ttf"))
			require.ErrorContains(t, err, c.want)
		})
	}
	t.Run("no folder", func(t *testing.T) {
		t.Parallel()
		_, err := typeface.Load(filepath.Join(t.TempDir(), "fonts"))
		require.ErrorIs(t, err, os.ErrNotExist)
		require.ErrorContains(t, err, "fonts")
	})
	t.Run("no font", func(t *testing.T) {
		t.Parallel()
		folder := t.TempDir()
		_, err := typeface.Load(folder)
		require.ErrorContains(t, err, folder+" has no font")
	})
	t.Run("a folder that is called like a font", func(t *testing.T) {
		t.Parallel()
		folder := t.TempDir()
		require.NoError(t, os.Mkdir(filepath.Join(folder, "x.ttf"), 0o700))
		_, err := typeface.Load(folder)
		require.ErrorContains(t, err, "x.ttf")
	})
}

func TestRunsPlaceAccents(t *testing.T) {
	t.Parallel()
	place := func(text string) []typeface.Glyph {
		runs, err := typeface.Default().Runs(text, false)
		require.NoError(t, err)
		require.Len(t, runs, 1)
		return runs[0].Glyphs
	}
	low, high := place("x\u0300"), place("X\u0300")
	require.Zero(t, low[1].DY, "as the font has it")
	require.Positive(t, high[1].DY, "higher over a capital")
	require.Zero(t, high[1].Advance)
	twice := place("x\u0300\u0301")
	require.Greater(t, twice[2].DY, twice[1].DY, "one over the other")
	below := place("g\u0323\u0331")
	require.Negative(t, below[1].DY, "beneath what hangs down")
	require.Less(t, below[2].DY, below[1].DY)
	require.Equal(t, place("ı\u030b")[0].ID, place("i\u030b")[0].ID, "the dot gives way to the accent")
	require.NotEqual(t, place("ı\u0324")[0].ID, place("i\u0324")[0].ID)
}

// What another reader of fonts sees in a subset is what it sees in the font.
func TestSubsetDrawsTheSame(t *testing.T) {
	t.Parallel()
	const text = "Ä ễgΩЖ½ \U0001d538"
	runs, err := typeface.Default().Runs(text, false)
	require.NoError(t, err)
	require.Len(t, runs, 1)
	var ids []uint16
	for _, glyph := range runs[0].Glyphs {
		ids = append(ids, glyph.ID)
	}
	subset := runs[0].Font.Subset(ids)
	require.Less(t, len(subset), 12<<10)
	require.Equal(t, subset, runs[0].Font.Subset(ids), "deterministic")
	whole, err := sfnt.Parse(dejavusans.TTF)
	require.NoError(t, err)
	part, err := sfnt.Parse(withCharacters(subset))
	require.NoError(t, err)
	const size = 1000 << 6
	for i, id := range ids {
		want, err := whole.LoadGlyph(nil, sfnt.GlyphIndex(id), size, nil)
		require.NoError(t, err)
		got, err := part.LoadGlyph(nil, sfnt.GlyphIndex(i+1), size, nil)
		require.NoError(t, err)
		require.Equal(t, want, got, "%q", []rune(text)[i])
		wantAdvance, err := whole.GlyphAdvance(nil, sfnt.GlyphIndex(id), size, font.HintingNone)
		require.NoError(t, err)
		advance, err := part.GlyphAdvance(nil, sfnt.GlyphIndex(i+1), size, font.HintingNone)
		require.NoError(t, err)
		require.Equal(t, wantAdvance, advance)
		require.InDelta(t, advance.Round(), runs[0].Glyphs[i].Advance, 1)
	}
}

// withCharacters adds the tables that the other reader asks for to a subset.
func withCharacters(subset []byte) []byte {
	n := int(binary.BigEndian.Uint16(subset[4:]))
	further := map[string][]byte{
		"cmap": cmapOf(nil),
		"name": {0, 0, 0, 0, 0, 6},
		"post": append([]byte{0, 3}, make([]byte, 30)...),
	}
	names := []string{"cmap", "name", "post"}
	entries := slices.Clone(subset[12 : 12+16*n])
	for i := range n {
		entry := entries[16*i:]
		binary.BigEndian.PutUint32(entry[8:], binary.BigEndian.Uint32(entry[8:])+uint32(16*len(names)))
	}
	body := slices.Clone(subset[12+16*n:])
	at := 12 + 16*(n+len(names))
	for _, name := range names {
		entry := []byte(name)
		entry = binary.BigEndian.AppendUint32(entry, 0)
		entry = binary.BigEndian.AppendUint32(entry, uint32(at+len(body)))
		entry = binary.BigEndian.AppendUint32(entry, uint32(len(further[name])))
		entries = append(entries, entry...)
		body = append(body, further[name]...)
		for len(body)%4 != 0 {
			body = append(body, 0)
		}
	}
	var sorted []string
	for entry := range slices.Chunk(entries, 16) {
		sorted = append(sorted, string(entry))
	}
	slices.Sort(sorted)
	head := slices.Clone(subset[:12])
	binary.BigEndian.PutUint16(head[4:], uint16(n+len(names)))
	return slices.Concat(head, []byte(strings.Join(sorted, "")), body)
}

// The characters of a font are those that another reader finds in it.
func TestFontHasTheCharactersThatOthersFind(t *testing.T) {
	t.Parallel()
	for name, file := range map[string][]byte{"format 12": dejavusans.TTF, "format 4": goregular.TTF} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			other, err := sfnt.Parse(file)
			require.NoError(t, err)
			fonts, err := typeface.ParseFonts("x", file)
			require.NoError(t, err)
			for r := rune(0); r < 0x30000; r++ {
				glyph, err := other.GlyphIndex(nil, r)
				require.NoError(t, err)
				require.Equal(t, uint16(glyph), fonts[0].Glyph(r), "%U", r)
			}
		})
	}
}

// FuzzUnprintable looks for text of which Unprintable and Runs say different things.
func FuzzUnprintable(f *testing.F) {
	for _, seed := range []string{"", "abc", "é", "e\u0323\u0301", "\u0301", "山", "\xff", "a\u0e31\u0301", "\U0001d400\u0301"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		unprintable := typeface.Default().Unprintable(text)
		for _, bold := range []bool{false, true} {
			runs, err := typeface.Default().Runs(text, bold)
			if (err == nil) != (len(unprintable) == 0) {
				t.Fatalf("%q: %v, but %q", text, err, unprintable)
			}
			n := 0
			for _, run := range runs {
				n += len(run.Glyphs)
			}
			if err == nil && n != len([]rune(text)) {
				t.Fatalf("%q has %d glyphs", text, n)
			}
		}
	})
}

func BenchmarkUnprintable(b *testing.B) {
	for name, text := range map[string]string{"ASCII": "1 Example Street, London", "Vietnamese": "Nguyễn Thị Hồng, Đống Đa"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				require.Empty(b, typeface.Default().Unprintable(text))
			}
		})
	}
}

func TestTypefacePrintsLatinWithoutALook(t *testing.T) {
	t.Parallel()
	for r := rune(0); r < 0x300; r++ {
		for _, bold := range []bool{false, true} {
			_, err := typeface.Default().Runs(string(r), bold)
			require.Equal(t, err != nil, len(typeface.Default().Unprintable(string(r))) > 0, "%U", r)
		}
	}
}
