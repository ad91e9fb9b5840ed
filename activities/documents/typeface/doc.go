// Package typeface knows which text can be printed, and with what.
//
//   - typeface.go: [Typeface], a list of fonts: [Default], [Load]; what of a text
//     it cannot print ([Typeface.Unprintable]), and what prints it ([Typeface.Runs])
//   - script.go: the characters that are printed as they stand, without shaping
//   - marks.go: accents over and under the letters that they belong to
//   - font.go: [Font], one TrueType font, checked when it is read
//   - cmap.go: the characters that a font has
//   - subset.go: the part of a font that a document embeds
//
// The fonts that are part of the binary are DejaVu Sans and DejaVu Sans Bold: Latin
// in all its languages, Greek, Cyrillic, Armenian and Georgian. Further ones come
// from a folder, for instance for Chinese, Japanese and Korean. Scripts that are
// written from right to left, or whose characters change or move beside each other
// (Arabic, Hebrew, Thai, the scripts of India, …), are not printed, whatever fonts
// there are: without shaping they would be reversed or broken apart.
//
// Everything is safe for concurrent use.
package typeface
