// Package pdf writes PDF documents (ISO 32000).
//
//   - document.go: [Document], which puts pages into a file
//   - page.go: [Page], what is drawn on one page
//   - font.go: the fonts that a document embeds
//   - helvetica.go: Helvetica, which every viewer has, and its widths
//   - picture.go: a PNG picture as a page
//   - read.go: [Read], the pages of another PDF document
//
// A page can be put into many documents. Writing is a pure function: the same pages
// give the same bytes. A document can be used by one goroutine at a time; so can a
// page while it is drawn.
package pdf
