package typeface

import "errors"

// characterMap has the glyphs of characters, in pages of 256 characters. A page
// that the font has nothing of is nil.
type characterMap [0x110000 >> 8]*[256]uint16

func (m *characterMap) glyph(r rune) uint16 {
	if r < 0 || r > 0x10ffff {
		return 0
	}
	page := m[r>>8]
	if page == nil {
		return 0
	}
	return page[r&0xff]
}

func (m *characterMap) set(r rune, glyph uint16) {
	page := m[r>>8]
	if page == nil {
		page = new([256]uint16)
		m[r>>8] = page
	}
	page[r&0xff] = glyph
}

// Platforms and encodings of tables that map Unicode characters.
const (
	platformUnicode, platformWindows = 0, 3
	windowsBMP, windowsFull          = 1, 10
	variationSequences               = 5
)

var errNoUnicode = errors.New("the font has no table for Unicode characters (cmap, format 4 or 12)")

// parseCharacters reads the table cmap: its subtable for all of Unicode, or that for
// the first 65536 characters.
func parseCharacters(cmap []byte, glyphs int) (characterMap, error) {
	var characters characterMap
	if len(cmap) < 4 {
		return characters, errCutOff
	}
	n := u16(cmap, 2)
	if len(cmap) < 4+8*n {
		return characters, errCutOff
	}
	var full, basic []byte
	for i := range n {
		entry := cmap[4+8*i:]
		platform, encoding, offset := u16(entry, 0), u16(entry, 2), int(u32(entry, 4))
		isUnicode := platform == platformUnicode && encoding != variationSequences ||
			platform == platformWindows && (encoding == windowsBMP || encoding == windowsFull)
		if !isUnicode {
			continue
		}
		if offset+4 > len(cmap) {
			return characters, errCutOff
		}
		switch subtable := cmap[offset:]; u16(subtable, 0) {
		case 4:
			basic = subtable
		case 12:
			full = subtable
		}
	}
	switch {
	case full != nil:
		return characters, characters.parseGroups(full, glyphs)
	case basic != nil:
		return characters, characters.parseSegments(basic, glyphs)
	default:
		return characters, errNoUnicode
	}
}

// parseGroups reads a subtable of format 12.
func (m *characterMap) parseGroups(table []byte, glyphs int) error {
	if len(table) < 16 {
		return errCutOff
	}
	n := int(u32(table, 12))
	if n < 0 || len(table) < 16+12*n {
		return errCutOff
	}
	next := uint32(0)
	for i := range n {
		group := table[16+12*i:]
		first, last, glyph := u32(group, 0), u32(group, 4), u32(group, 8)
		if first < next || last < first || last > 0x10ffff {
			return errCutOff
		}
		for r := first; r <= last; r++ {
			if id := uint64(glyph) + uint64(r-first); id < uint64(glyphs) {
				m.set(rune(r), uint16(id))
			}
		}
		next = last + 1
	}
	return nil
}

// parseSegments reads a subtable of format 4.
func (m *characterMap) parseSegments(table []byte, glyphs int) error {
	if len(table) < 14 {
		return errCutOff
	}
	n := u16(table, 6) / 2
	ends, starts, deltas, ranges := 14, 16+2*n, 16+4*n, 16+6*n
	if len(table) < 16+8*n {
		return errCutOff
	}
	for i := range n {
		first, last := u16(table, starts+2*i), u16(table, ends+2*i)
		delta, offset := u16(table, deltas+2*i), u16(table, ranges+2*i)
		for r := first; r <= last && r < 0xffff; r++ {
			id := r
			if offset != 0 {
				at := ranges + 2*i + offset + 2*(r-first)
				if at+2 > len(table) {
					return errCutOff
				}
				if id = u16(table, at); id == 0 {
					continue
				}
			}
			if id = (id + delta) & 0xffff; id < glyphs {
				m.set(rune(r), uint16(id))
			}
		}
	}
	return nil
}
