package text_test

import (
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"shipments/shipment/text"
)

func TestNormalise(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want string }{
		"plain":                            {"12 Quay Street", "12 Quay Street"},
		"inner spaces stay":                {"a  b", "a  b"},
		"outer space goes":                 {"  LS1 5AA ", "LS1 5AA"},
		"decomposed":                       {"Mu\u0308ller", "Müller"},
		"Vietnamese, decomposed":           {"Nguye\u0302\u0303n", "Nguyễn"},
		"narrow no-break space":            {"LS1\u202f5AA", "LS1 5AA"},
		"no-break space":                   {"LS1\u00a05AA", "LS1 5AA"},
		"ideographic space":                {"山田\u3000太郎", "山田 太郎"},
		"tab":                              {"a\tb", "a b"},
		"non-breaking hyphen":              {"12\u201114", "12-14"},
		"minus sign":                       {"12\u221214", "12-14"},
		"en dash stays":                    {"12–14", "12–14"},
		"zero width space alone":           {"\u200b", ""},
		"zero width joiner between":        {"u\u200d\u0308", "ü"},
		"byte order mark":                  {"\ufeffAda", "Ada"},
		"soft hyphen":                      {"Donau\u00addampf", "Donaudampf"},
		"direction marks":                  {"\u202bAda\u202c\u200e", "Ada"},
		"variation selector":               {"❤\ufe0f", "❤"},
		"combining grapheme joiner":        {"a\u034f\u0301", "á"},
		"space behind a format character":  {"Ada \u200b", "Ada"},
		"line separators":                  {"a\u2028b\u2029c", "a b c"},
		"line breaks at the ends":          {"\r\nAda\n", "Ada"},
		"line break behind a space":        {" \n Ada \n ", "Ada"},
		"Hangul filler alone":              {"\u3164", ""},
		"Braille pattern without a dot":    {"Ada\u2800Lovelace\u2800", "Ada Lovelace"},
		"emoji of several":                 {"👩\u200d👩\ufe0f", "👩👩"},
		"control characters stay":          {"a\x00b\nc", "a\x00b\nc"},
		"invalid UTF-8":                    {"a\xffb", "a\ufffdb"},
		"Hangul":                           {"\u1112\u1161\u11ab", "한"},
		"a sign that composes to another":  {"\u212b", "Å"},
		"excluded from composition":        {"\u0958", "\u0915\u093c"},
		"fullwidth letters stay":           {"ＡＢ", "ＡＢ"},
		"format characters beyond the BMP": {"a\U000e0041b", "ab"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, text.Normalise(c.in))
			require.Equal(t, c.want, text.Normalise(c.want), "idempotent")
		})
	}
}

func TestCode(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want string }{
		"plain":                    {" LS1 5AA", "LS1 5AA"},
		"fullwidth digits":         {"１００－０００１", "100-0001"},
		"fullwidth letters":        {"ＬＳ１　５ＡＡ", "LS1 5AA"},
		"en dash":                  {"12345–6789", "12345-6789"},
		"fullwidth with an accent": {"ｕ\u0308", "ü"},
		"byte order mark":          {"\ufeff04109", "04109"},
		"Arabic digits stay":       {"١٢٣٤٥", "١٢٣٤٥"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, text.Code(c.in))
			require.Equal(t, c.want, text.Code(c.want), "idempotent")
		})
	}
}

func TestCompact(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"de 123.456.789 ": "DE123456789", "4202.92": "420292", "４２０２\u202f９２": "420292", "a-b": "A-B", "": ""} {
		t.Run(in, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, want, text.Compact(in, " ."))
			require.Equal(t, want, text.Compact(want, " ."), "idempotent")
		})
	}
}

// FuzzNormalise looks for text whose normal form is not normal.
func FuzzNormalise(f *testing.F) {
	for _, seed := range []string{"", " a ", "Mu\u0308ller", "LS1\u202f5AA", "\u200b", "\u0958", "u\u200d\u0308", "\xff", "a\u034f\u0301", "\ufeff \u00ad-\u2011"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, form := range map[string]func(string) string{
			"Code": text.Code, "Compact": func(s string) string { return text.Compact(s, " .-") },
		} {
			if once := form(s); form(once) != once || text.Normalise(once) != once {
				t.Fatalf("%s makes %q of %q, and %q of that", name, once, s, form(once))
			}
		}
		normal := text.Normalise(s)
		if again := text.Normalise(normal); again != normal {
			t.Fatalf("%q becomes %q, and that %q", s, normal, again)
		}
		if !norm.NFC.IsNormalString(normal) {
			t.Fatalf("%q becomes %q, which is not in form C", s, normal)
		}
		// Form C makes at most three times the bytes, and a broken byte becomes three.
		if len(normal) > 3*len(s) {
			t.Fatalf("%q becomes %q: more than three times its length", s, normal)
		}
		if normal != "" && (normal[0] == ' ' || normal[len(normal)-1] == ' ') {
			t.Fatalf("%q has outer space", normal)
		}
		for _, r := range normal {
			if unicode.Is(unicode.Cf, r) || (r != ' ' && unicode.Is(unicode.Zs, r)) {
				t.Fatalf("%q still has %U", normal, r)
			}
		}
	})
}
