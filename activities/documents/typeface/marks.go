package typeface

// Combining classes of marks (Unicode Character Database, DerivedCombiningClass).
const (
	classOverlay       = 1
	classAttachedBelow = 202
	classBelow         = 220
	classAbove         = 230
)

const ogonek = '\u0328'

// dotless are the letters that lose their dot under a mark.
var dotless = map[rune]rune{'i': 'ı', 'j': 'ȷ'}

// appendGlyphs appends the glyphs of a cluster: a character, and marks at their
// places. The font has all of them. A mark is drawn by its bounds: over the middle
// of the letter and above its top, or below its bottom, one further from the letter
// than the one before. A font is drawn so that a mark fits a letter as high as an x
// that stands on the line.
func (f *Font) appendGlyphs(glyphs []Glyph, cluster []rune) []Glyph {
	letter := cluster[0]
	id := f.glyph(letter)
	if len(cluster) == 1 {
		return append(glyphs, Glyph{ID: id, Text: letter, Advance: f.Advance(id)})
	}
	if other, has := dotless[letter]; has && combiningClass(cluster[1]) == classAbove && f.has(other) {
		id = f.glyph(other)
	}
	advance := f.Advance(id)
	glyphs = append(glyphs, Glyph{ID: id, Text: letter, Advance: advance})
	base, _ := f.bounds(id)
	top, bottom := max(f.xHeight, base.top), min(0, base.bottom)
	for _, r := range cluster[1:] {
		mark := f.glyph(r)
		box, drawn := f.bounds(mark)
		glyph := Glyph{ID: mark, Text: r}
		if drawn {
			centred := -advance + (base.left+base.right)/2 - (box.left+box.right)/2
			switch class := combiningClass(r); {
			case class == classAbove:
				glyph.DX, glyph.DY = centred, top-f.xHeight
				top = box.top + glyph.DY
			case class == classBelow:
				glyph.DX, glyph.DY = centred, bottom
				bottom = box.bottom + glyph.DY
			case r == ogonek:
				glyph.DX = -advance + base.right - box.right
			case class == classAttachedBelow || class == classOverlay:
				glyph.DX = centred
			}
		}
		glyphs = append(glyphs, glyph)
	}
	return glyphs
}
