package index

import (
	"math/bits"
	"strings"
	"unicode/utf8"
)

// prefixes is a set of the beginnings of a shipment's words, as a Bloom filter: of those
// with 1, 2, 4, 8 and 16 bytes. A search by text looks at the words only if the set may
// have the beginning of its text: words lie anywhere in memory, which is what takes the
// time of a search.
type prefixes [3]uint64

const maxPrefix = 16

func prefixesOf(words string) (p prefixes) {
	for word := range strings.SplitSeq(words, separator) {
		for length := 1; length <= min(len(word), maxPrefix); length *= 2 {
			p.add(word[:length])
		}
	}
	return p
}

// probeOf is the set of the one beginning by which a text is looked for: an empty set,
// which all have, if it has letters whose other case may be of another length.
func probeOf(text string) (p prefixes) {
	if text == "" || strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return p
	}
	p.add(text[:min(1<<(bits.Len(uint(len(text)))-1), maxPrefix)])
	return p
}

// add adds a beginning, in whatever case, as one bit.
func (p *prefixes) add(prefix string) {
	const offset, prime = 14695981039346656037, 1099511628211 // FNV-1a
	hash := uint64(offset)
	for _, c := range []byte(prefix) {
		hash = (hash ^ uint64(lower(c))) * prime
	}
	bit := (hash >> 32) % (64 * uint64(len(p)))
	p[bit/64] |= 1 << (bit % 64)
}

// mayHave reports whether all of another set may be in this one.
func (p *prefixes) mayHave(other *prefixes) bool {
	return p[0]&other[0] == other[0] && p[1]&other[1] == other[1] && p[2]&other[2] == other[2]
}
