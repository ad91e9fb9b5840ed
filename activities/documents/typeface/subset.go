package typeface

import (
	"encoding/binary"
	"slices"
)

// Flags of the parts of a composite glyph.
const (
	argumentsAreWords = 0x0001
	hasScale          = 0x0008
	moreComponents    = 0x0020
	hasTwoScales      = 0x0040
	hasMatrix         = 0x0080
	hasInstructions   = 0x0100
)

// checkGlyph makes sure that a glyph can be read.
func (f *Font) checkGlyph(id uint16) error {
	data := f.outline(id)
	if len(data) == 0 {
		return nil
	}
	if len(data) < 10 {
		return errCutOff
	}
	if contours := i16(data, 0); contours >= 0 {
		instructions := 10 + 2*contours
		if len(data) < instructions+2 || len(data) < instructions+2+u16(data, instructions) {
			return errCutOff
		}
		return nil
	}
	for at, more := 10, true; more; {
		if len(data) < at+4 || u16(data, at+2) >= f.glyphCount {
			return errCutOff
		}
		at, more = nextComponent(data, at)
		if at > len(data) {
			return errCutOff
		}
	}
	return nil
}

// nextComponent is where the part behind the one at an offset begins, or where the
// parts end.
func nextComponent(data []byte, at int) (next int, more bool) {
	flags := u16(data, at)
	next = at + 6
	if flags&argumentsAreWords != 0 {
		next += 2
	}
	switch {
	case flags&hasScale != 0:
		next += 2
	case flags&hasTwoScales != 0:
		next += 4
	case flags&hasMatrix != 0:
		next += 8
	}
	return next, flags&moreComponents != 0
}

// Subset returns a font file with some glyphs of the font: glyph 0, and then those
// that are asked for, in order; glyph i of the result is ids[i-1]. Behind them are
// the glyphs that they are composed of. The file has what a document needs of a
// font, and neither names nor characters nor hints for screens.
func (f *Font) Subset(ids []uint16) []byte {
	all := slices.Concat([]uint16{0}, ids)
	number := map[uint16]uint16{}
	for i, id := range all {
		if _, known := number[id]; !known {
			number[id] = uint16(i)
		}
	}
	var glyf []byte
	loca := []byte{0, 0, 0, 0}
	var hmtx []byte
	for i := 0; i < len(all); i++ {
		glyf = f.appendOutline(glyf, all[i], func(part uint16) uint16 {
			if _, known := number[part]; !known {
				number[part] = uint16(len(all))
				all = append(all, part)
			}
			return number[part]
		})
		for len(glyf)%4 != 0 {
			glyf = append(glyf, 0)
		}
		loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))
		hmtx = append(hmtx, f.metric(all[i])...)
	}
	head, hhea, maxp := slices.Clone(f.head[:54]), slices.Clone(f.hhea[:36]), slices.Clone(f.maxp)
	binary.BigEndian.PutUint32(head[8:], 0)  // the checksum of the file
	binary.BigEndian.PutUint16(head[50:], 1) // offsets of glyphs are long
	binary.BigEndian.PutUint16(hhea[34:], uint16(len(all)))
	binary.BigEndian.PutUint16(maxp[4:], uint16(len(all)))
	return fontFile(map[string][]byte{"glyf": glyf, "head": head, "hhea": hhea, "hmtx": hmtx, "loca": loca, "maxp": maxp})
}

// metric is the advance and the left bearing of a glyph.
func (f *Font) metric(id uint16) []byte {
	if int(id) < f.metrics {
		return f.hmtx[4*int(id) : 4*int(id)+4]
	}
	advance, bearing := f.hmtx[4*f.metrics-4:], f.hmtx[4*f.metrics+2*(int(id)-f.metrics):]
	return []byte{advance[0], advance[1], bearing[0], bearing[1]}
}

// appendOutline appends the description of a glyph, without hints, and with the
// numbers that renumber gives to its parts.
func (f *Font) appendOutline(glyf []byte, id uint16, renumber func(uint16) uint16) []byte {
	data := f.outline(id)
	if len(data) == 0 {
		return glyf
	}
	if contours := i16(data, 0); contours >= 0 {
		instructions := 10 + 2*contours
		glyf = append(glyf, data[:instructions]...)
		glyf = append(glyf, 0, 0)
		return append(glyf, data[instructions+2+u16(data, instructions):]...)
	}
	start := len(glyf)
	end := 10
	for more := true; more; {
		end, more = nextComponent(data, end)
	}
	glyf = append(glyf, data[:end]...)
	outline := glyf[start:]
	for at, more := 10, true; more; {
		part := outline[at:]
		next, further := nextComponent(outline, at)
		binary.BigEndian.PutUint16(part, uint16(u16(part, 0)&^hasInstructions))
		binary.BigEndian.PutUint16(part[2:], renumber(uint16(u16(part, 2))))
		at, more = next, further
	}
	return glyf
}

// fontFile puts tables into a TrueType file.
func fontFile(tables map[string][]byte) []byte {
	names := make([]string, 0, len(tables))
	size := 12 + 16*len(tables)
	for name, table := range tables {
		names = append(names, name)
		size += len(table) + 3
	}
	slices.Sort(names)
	file := make([]byte, 0, size)
	power, exponent := 1, 0
	for 2*power <= len(names) {
		power, exponent = 2*power, exponent+1
	}
	file = binary.BigEndian.AppendUint32(file, signatureTrueType)
	for _, n := range []int{len(names), 16 * power, exponent, 16 * (len(names) - power)} {
		file = binary.BigEndian.AppendUint16(file, uint16(n))
	}
	offset := 12 + 16*len(names)
	for _, name := range names {
		file = append(file, name...)
		file = binary.BigEndian.AppendUint32(file, checksum(tables[name]))
		file = binary.BigEndian.AppendUint32(file, uint32(offset))
		file = binary.BigEndian.AppendUint32(file, uint32(len(tables[name])))
		offset += (len(tables[name]) + 3) &^ 3
	}
	for _, name := range names {
		file = append(file, tables[name]...)
		for len(file)%4 != 0 {
			file = append(file, 0)
		}
	}
	return file
}

// checksum is the sum of the 32-bit numbers of a table.
func checksum(table []byte) uint32 {
	var sum uint32
	for len(table) >= 4 {
		sum += u32(table, 0)
		table = table[4:]
	}
	if len(table) > 0 {
		var last [4]byte
		copy(last[:], table)
		sum += u32(last[:], 0)
	}
	return sum
}
