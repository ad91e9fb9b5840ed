package typeface

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/go-fonts/dejavu/dejavusans"
	"github.com/go-fonts/dejavu/dejavusansbold"
)

// Typeface is a list of fonts, which are tried in turn. It does not change.
type Typeface struct {
	plain, bold []*Font // in the order in which they are tried
}

// Default is the typeface that is part of the binary: DejaVu Sans.
var Default = sync.OnceValue(func() *Typeface {
	typeface, err := newTypeface(nil)
	if err != nil {
		panic(err) // The fonts are part of the binary.
	}
	return typeface
})

// Load returns the default typeface with the fonts of a folder behind it, by the
// order of the files' names. With an empty name it is the default typeface.
//
// Fonts are the files that end in .ttf, .ttc or .otf; folders within the folder are
// not looked into. A folder without a font, and a font that cannot be used, is an
// error that names the folder or the file.
func Load(folder string) (*Typeface, error) {
	if folder == "" {
		return Default(), nil
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("read the folder of fonts: %w", err)
	}
	var further []*Font
	for _, entry := range entries {
		if !slices.Contains([]string{".ttf", ".ttc", ".otf"}, strings.ToLower(filepath.Ext(entry.Name()))) {
			continue
		}
		file := filepath.Join(folder, entry.Name())
		content, err := os.ReadFile(file) //nolint:gosec // The operator names the folder.
		if err != nil {
			return nil, fmt.Errorf("read a font: %w", err)
		}
		fonts, err := parseFonts(strings.TrimSuffix(entry.Name(), filepath.Ext(entry.Name())), content)
		if err != nil {
			return nil, fmt.Errorf("font %s: %w", file, err)
		}
		further = append(further, fonts...)
	}
	if len(further) == 0 {
		return nil, fmt.Errorf("folder %s has no font: put TrueType fonts there, *.ttf or *.ttc", folder)
	}
	return newTypeface(further)
}

// newTypeface puts the fonts in order: the embedded ones first; and for bold text
// bold ones before plain ones, for plain text plain ones before bold ones.
func newTypeface(further []*Font) (*Typeface, error) {
	plain, err := parseFonts("DejaVuSans", dejavusans.TTF)
	if err != nil {
		return nil, fmt.Errorf("embedded font: %w", err)
	}
	bold, err := parseFonts("DejaVuSans-Bold", dejavusansbold.TTF)
	if err != nil {
		return nil, fmt.Errorf("embedded bold font: %w", err)
	}
	byWeight := func(first bool) func(a, b *Font) int {
		rank := map[bool]int{first: 0, !first: 1}
		return func(a, b *Font) int { return cmp.Compare(rank[a.Bold], rank[b.Bold]) }
	}
	forPlain, forBold := slices.Clone(further), slices.Clone(further)
	slices.SortStableFunc(forPlain, byWeight(false))
	slices.SortStableFunc(forBold, byWeight(true))
	return &Typeface{
		plain: slices.Concat(plain, bold, forPlain),
		bold:  slices.Concat(bold, plain, forBold),
	}, nil
}

// Run is a piece of text that one font prints.
type Run struct {
	Font   *Font
	Glyphs []Glyph
}

// Glyph is a picture of a font at its place. Measures are in thousandths of the
// font's size.
type Glyph struct {
	ID uint16
	// Text is the character that the glyph stands for.
	Text rune
	// Advance is how far the glyph after this one is.
	Advance int
	// DX and DY move the glyph, to the right and upwards.
	DX, DY int
}

// UnprintableError is the error for text that a typeface cannot print.
type UnprintableError struct {
	// Characters are those that cannot be printed, each once, in the order in
	// which they come.
	Characters []rune
}

func (e *UnprintableError) Error() string {
	words := make([]string, len(e.Characters))
	for i, r := range e.Characters {
		words[i] = fmt.Sprintf("%q (%U)", r, r)
	}
	return "cannot print " + strings.Join(words, ", ")
}

// Unprintable returns the characters of a text that cannot be printed, each once,
// in the order in which they come; nothing if all can be. Text is in Unicode form C.
// Control characters, also line breaks, cannot be printed.
func (t *Typeface) Unprintable(text string) []rune {
	if isLatin(text) {
		return nil
	}
	var unprintable []rune
	for cluster := range clusters(text) {
		if font, missing := fontFor(t.plain, cluster); font == nil {
			for _, r := range missing {
				if !slices.Contains(unprintable, r) {
					unprintable = append(unprintable, r)
				}
			}
		}
	}
	return unprintable
}

// Runs returns the glyphs that print a text, from left to right. The error is an
// [*UnprintableError], exactly when [Typeface.Unprintable] has characters.
func (t *Typeface) Runs(text string, bold bool) ([]Run, error) {
	fonts := t.plain
	if bold {
		fonts = t.bold
	}
	var runs []Run
	for cluster := range clusters(text) {
		font, _ := fontFor(fonts, cluster)
		if font == nil {
			return nil, &UnprintableError{Characters: t.Unprintable(text)}
		}
		if len(runs) == 0 || runs[len(runs)-1].Font != font {
			runs = append(runs, Run{Font: font, Glyphs: make([]Glyph, 0, len(text))})
		}
		run := &runs[len(runs)-1]
		run.Glyphs = font.appendGlyphs(run.Glyphs, cluster)
	}
	return runs, nil
}

// fontFor returns the first font that has all characters of a cluster. If there is
// none, it returns those that are missing: in all fonts, or else in the first font
// that has the letter.
func fontFor(fonts []*Font, cluster []rune) (font *Font, missing []rune) {
	for i, r := range cluster {
		if !standsAlone(r) && (i == 0 || !isAccent(r)) {
			missing = append(missing, r)
		}
	}
	if len(missing) > 0 {
		return nil, missing
	}
	for _, font := range fonts {
		if !slices.ContainsFunc(cluster, font.lacks) {
			return font, nil
		}
	}
	for _, font := range fonts {
		lacking := slices.DeleteFunc(slices.Clone(cluster), font.has)
		if missing == nil || len(lacking) < len(missing) {
			missing = lacking
		}
	}
	return nil, missing
}
