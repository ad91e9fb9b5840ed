package typeface

// ParseFonts is [parseFonts].
func ParseFonts(name string, file []byte) ([]*Font, error) { return parseFonts(name, file) }

// Glyph is [Font.glyph].
func (f *Font) Glyph(r rune) uint16 { return f.glyph(r) }
