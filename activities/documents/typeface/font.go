package typeface

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// Font is a TrueType font. It does not change.
type Font struct {
	// Name is fit to be the name of a font in a document.
	Name string
	// Bold says that the strokes are heavy.
	Bold bool
	// Ascent, Descent and CapHeight are how high letters reach, how low (negative),
	// and how high capitals are. Like all measures here they are in thousandths of
	// the font's size.
	Ascent, Descent, CapHeight int
	// Left, Bottom, Right and Top are the bounds of all glyphs.
	Left, Bottom, Right, Top int

	xHeight    int
	unitsPerEm int
	glyphCount int
	characters characterMap
	head, hhea []byte
	maxp       []byte
	hmtx       []byte
	metrics    int // how many glyphs have an advance of their own in hmtx
	glyf       []byte
	offsets    []uint32 // of each glyph in glyf, and the end of the last one
}

// box is the bounds of a glyph.
type box struct{ left, bottom, right, top int }

// The signatures of font files.
const (
	signatureTrueType   = 0x00010000
	signatureApple      = 0x74727565 // true
	signatureCFF        = 0x4f54544f // OTTO
	signatureCollection = 0x74746366 // ttcf
)

// maxCollection limits the fonts of a collection.
const maxCollection = 64

var errCutOff = errors.New("the file is cut off or damaged")

// parseFonts reads a font file, or a collection of fonts. The name is for fonts
// that lack one.
func parseFonts(name string, file []byte) ([]*Font, error) {
	if len(file) < 12 {
		return nil, errCutOff
	}
	if u32(file, 0) != signatureCollection {
		font, err := parseFont(name, file, 0)
		if err != nil {
			return nil, err
		}
		return []*Font{font}, nil
	}
	n := int(u32(file, 8))
	if n < 1 || n > maxCollection || len(file) < 12+4*n {
		return nil, errCutOff
	}
	var fonts []*Font
	for i := range n {
		font, err := parseFont(fmt.Sprintf("%s-%d", name, i+1), file, int(u32(file, 12+4*i)))
		if err != nil {
			return nil, fmt.Errorf("font %d of the collection: %w", i+1, err)
		}
		fonts = append(fonts, font)
	}
	return fonts, nil
}

// parseFont reads the font whose directory of tables is at an offset.
func parseFont(name string, file []byte, offset int) (*Font, error) {
	tables, err := parseTables(file, offset)
	if err != nil {
		return nil, err
	}
	f := &Font{Name: fontName(name), head: tables["head"], hhea: tables["hhea"], maxp: tables["maxp"], hmtx: tables["hmtx"], glyf: tables["glyf"]}
	if len(f.head) < 54 || len(f.hhea) < 36 || len(f.maxp) < 6 {
		return nil, errCutOff
	}
	f.unitsPerEm, f.glyphCount = u16(f.head, 18), u16(f.maxp, 4)
	if f.unitsPerEm < 16 || f.glyphCount < 1 {
		return nil, errCutOff
	}
	f.metrics = u16(f.hhea, 34)
	if f.metrics < 1 || f.metrics > f.glyphCount || len(f.hmtx) < 4*f.metrics+2*(f.glyphCount-f.metrics) {
		return nil, errCutOff
	}
	if err := f.parseGlyphs(tables["loca"]); err != nil {
		return nil, err
	}
	if f.characters, err = parseCharacters(tables["cmap"], f.glyphCount); err != nil {
		return nil, err
	}
	return f, f.parseStyle(tables["OS/2"])
}

// parseTables finds the tables of a font.
func parseTables(file []byte, offset int) (map[string][]byte, error) {
	if offset < 0 || offset+12 > len(file) {
		return nil, errCutOff
	}
	switch u32(file, offset) {
	case signatureTrueType, signatureApple:
	case signatureCFF:
		return nil, errors.New("the font has CFF outlines: use one with TrueType outlines, most often a .ttf")
	default:
		return nil, errors.New("the file is no TrueType font")
	}
	n := u16(file, offset+4)
	if offset+12+16*n > len(file) {
		return nil, errCutOff
	}
	tables := map[string][]byte{}
	for i := range n {
		entry := file[offset+12+16*i:]
		start, length := int(u32(entry, 8)), int(u32(entry, 12))
		if start+length > len(file) {
			return nil, errCutOff
		}
		tables[string(entry[:4])] = file[start : start+length : start+length]
	}
	for _, needed := range []string{"head", "hhea", "maxp", "hmtx", "cmap"} {
		if tables[needed] == nil {
			return nil, fmt.Errorf("the font has no table %s", needed)
		}
	}
	if tables["glyf"] == nil || tables["loca"] == nil {
		return nil, errors.New("the font has no TrueType outlines (table glyf): bitmaps and CFF outlines cannot be printed")
	}
	return tables, nil
}

// parseGlyphs reads where the glyphs are, and checks each.
func (f *Font) parseGlyphs(loca []byte) error {
	long := u16(f.head, 50) != 0
	f.offsets = make([]uint32, f.glyphCount+1)
	width := 2
	if long {
		width = 4
	}
	if len(loca) < width*len(f.offsets) {
		return errCutOff
	}
	for i := range f.offsets {
		if long {
			f.offsets[i] = u32(loca, 4*i)
		} else {
			f.offsets[i] = 2 * uint32(u16(loca, 2*i))
		}
		if int64(f.offsets[i]) > int64(len(f.glyf)) || i > 0 && f.offsets[i] < f.offsets[i-1] {
			return errCutOff
		}
	}
	for id := range f.glyphCount {
		if err := f.checkGlyph(uint16(id)); err != nil {
			return fmt.Errorf("glyph %d: %w", id, err)
		}
	}
	return nil
}

// parseStyle reads what is known of the letters.
func (f *Font) parseStyle(os2 []byte) error {
	f.Ascent, f.Descent = f.scale(i16(f.hhea, 4)), f.scale(i16(f.hhea, 6))
	f.Left, f.Bottom = f.scale(i16(f.head, 36)), f.scale(i16(f.head, 38))
	f.Right, f.Top = f.scale(i16(f.head, 40)), f.scale(i16(f.head, 42))
	const boldStyle, boldSelection, noEmbedding, onlyBitmaps = 1, 1 << 5, 0x0002, 0x0200
	f.Bold = u16(f.head, 44)&boldStyle != 0
	if len(os2) >= 64 {
		if rights := u16(os2, 8); rights&0x000f == noEmbedding || rights&onlyBitmaps != 0 {
			return errors.New("the licence in the font does not allow documents to embed it")
		}
		f.Bold = f.Bold || u16(os2, 62)&boldSelection != 0
	}
	f.CapHeight, f.xHeight = f.height('H', f.Ascent), f.height('x', f.Ascent/2)
	return nil
}

// height is how high a character is, or a default if the font does not have it.
func (f *Font) height(r rune, otherwise int) int {
	if bounds, drawn := f.bounds(f.glyph(r)); f.has(r) && drawn {
		return bounds.top
	}
	return otherwise
}

// has reports whether the font has a glyph of a character.
func (f *Font) has(r rune) bool { return f.characters.glyph(r) != 0 }

// lacks is the opposite of has.
func (f *Font) lacks(r rune) bool { return !f.has(r) }

// glyph is the glyph of a character, or 0.
func (f *Font) glyph(r rune) uint16 { return f.characters.glyph(r) }

// Advance is the width of a glyph.
func (f *Font) Advance(id uint16) int {
	return f.scale(u16(f.hmtx, 4*min(int(id), f.metrics-1)))
}

// bounds are the bounds of a glyph. It is false for one that draws nothing.
func (f *Font) bounds(id uint16) (bounds box, drawn bool) {
	data := f.outline(id)
	if len(data) == 0 {
		return box{}, false
	}
	return box{
		left: f.scale(i16(data, 2)), bottom: f.scale(i16(data, 4)),
		right: f.scale(i16(data, 6)), top: f.scale(i16(data, 8)),
	}, true
}

// outline is the description of a glyph; empty for one that draws nothing.
func (f *Font) outline(id uint16) []byte {
	return f.glyf[f.offsets[id]:f.offsets[int(id)+1]]
}

// scale converts from the units of the font, rounded to the nearest.
func (f *Font) scale(units int) int {
	if units < 0 {
		return -((-units*1000 + f.unitsPerEm/2) / f.unitsPerEm)
	}
	return (units*1000 + f.unitsPerEm/2) / f.unitsPerEm
}

// fontName keeps the characters of a name that need no escape in a document.
func fontName(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-':
			return r
		default:
			return -1
		}
	}, name)
	if name == "" {
		return "Font"
	}
	return name[:min(len(name), 60)]
}

func u16(b []byte, at int) int    { return int(binary.BigEndian.Uint16(b[at:])) }
func i16(b []byte, at int) int    { return int(int16(binary.BigEndian.Uint16(b[at:]))) }
func u32(b []byte, at int) uint32 { return binary.BigEndian.Uint32(b[at:]) }
