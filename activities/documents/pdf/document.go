package pdf

import (
	"crypto/sha256"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// Document is a PDF document that is being put together.
type Document struct {
	title, language string
	date            time.Time
	objects         [][]byte // object n is objects[n-1]
	pages           []reference
	fonts           *Fonts
	pictures        []reference
	byPicture       map[*picture]int
	copies          map[*source]map[int]reference
}

// reference is the number of an object.
type reference int

func (r reference) String() string { return strconv.Itoa(int(r)) + " 0 R" }

// The objects that every document has.
const (
	catalog reference = iota + 1
	pageTree
	information
	resources
	helvetica
	helveticaDescriptor
	helveticaBold
	boldDescriptor
)

const fixedObjects = int(boldDescriptor)

// New starts a document. The language is that of its words, such as "en". The date
// is when it says that it was made.
func New(title, language string, date time.Time) *Document {
	return NewWith(NewFonts(), title, language, date)
}

// NewWith starts a document that shares fonts with others: it embeds all glyphs of
// them.
func NewWith(fonts *Fonts, title, language string, date time.Time) *Document {
	return &Document{
		title: title, language: language, date: date,
		objects: make([][]byte, fixedObjects), fonts: fonts, byPicture: map[*picture]int{}, copies: map[*source]map[int]reference{},
	}
}

// Add adds a page. The page is not changed and can be added again, to this document
// and to others.
func (d *Document) Add(page *Page) {
	if page.copied != nil {
		d.pages = append(d.pages, d.copyPage(page.copied))
		return
	}
	content := d.reserve()
	d.set(content, stream("", d.encode(page)))
	d.pages = append(d.pages, d.add([]byte(fmt.Sprintf(
		"<</Type/Page/Parent %v/MediaBox[0 0 %s %s]/Resources %v/Contents %v>>",
		pageTree, number(page.width*pointsPerMm), number(page.height*pointsPerMm), resources, content,
	))))
}

// encode gives a page's text the numbers that its characters have in this document.
func (d *Document) encode(page *Page) []byte {
	if page.encodedWith == d.fonts {
		return page.encoded
	}
	size := 0
	for _, s := range page.content {
		size += len(s.operators) + 4*len(s.glyphs) + 64
	}
	content := make([]byte, 0, size)
	for _, s := range page.content {
		switch {
		case s.font != nil:
			content = d.fonts.embed(s.font).appendText(content, s)
		case s.picture != nil:
			content = append(content, "/I"+strconv.Itoa(d.pictureNumber(s.picture))+" Do\n"...)
		default:
			content = append(content, s.operators...)
		}
	}
	return content
}

func (d *Document) reserve() reference {
	d.objects = append(d.objects, nil)
	return reference(len(d.objects))
}

func (d *Document) set(r reference, object []byte) { d.objects[r-1] = object }

func (d *Document) add(object []byte) reference {
	r := d.reserve()
	d.set(r, object)
	return r
}

// Bytes ends the document and returns the file.
func (d *Document) Bytes() []byte {
	d.set(catalog, []byte(fmt.Sprintf("<</Type/Catalog/Pages %v/Lang%s/ViewerPreferences<</DisplayDocTitle true>>>>", pageTree, text(d.language))))
	d.set(pageTree, []byte(fmt.Sprintf("<</Type/Pages/Count %d/Kids[%s]>>", len(d.pages), joined(d.pages))))
	date := d.date.UTC().Format("(D:20060102150405+00'00')")
	d.set(information, []byte(fmt.Sprintf("<</Title%s/Producer(shipments)/CreationDate%s/ModDate%s>>", text(d.title), date, date)))
	d.set(helvetica, helveticaFont("Helvetica", 0, helveticaDescriptor))
	d.set(helveticaDescriptor, helveticaDescription("Helvetica", 0))
	d.set(helveticaBold, helveticaFont("Helvetica-Bold", 1, boldDescriptor))
	d.set(boldDescriptor, helveticaDescription("Helvetica-Bold", 1))
	used := fmt.Sprintf("<</Font<</H %v/B %v", helvetica, helveticaBold)
	for i, font := range d.fonts.list {
		used += fmt.Sprintf("/F%d %v", i+1, font.write(d))
	}
	used += ">>"
	if len(d.pictures) > 0 {
		used += "/XObject<<"
		for i, picture := range d.pictures {
			used += fmt.Sprintf("/I%d %v", i+1, picture)
		}
		used += ">>"
	}
	d.set(resources, []byte(used+">>"))
	return d.file()
}

// file writes the objects, and where each is.
func (d *Document) file() []byte {
	size := 1024
	for _, object := range d.objects {
		size += len(object) + 40
	}
	file := make([]byte, 0, size)
	// The second line tells programs that the file is not text.
	file = append(file, "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"...)
	offsets := make([]int, len(d.objects))
	for i, object := range d.objects {
		offsets[i] = len(file)
		file = fmt.Appendf(file, "%d 0 obj\n", i+1)
		file = append(file, object...)
		file = append(file, "\nendobj\n"...)
	}
	start := len(file)
	id := sha256.Sum256(file)
	file = fmt.Appendf(file, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, offset := range offsets {
		file = fmt.Appendf(file, "%010d 00000 n \n", offset)
	}
	return fmt.Appendf(file, "trailer\n<</Size %d/Root %v/Info %v/ID[<%x><%x>]>>\nstartxref\n%d\n%%%%EOF\n",
		len(offsets)+1, catalog, information, id[:16], id[:16], start)
}

// stream is an object with content. The entries are those of its dictionary beside
// the length.
func stream(entries string, content []byte) []byte {
	object := make([]byte, 0, len(content)+len(entries)+64)
	object = fmt.Appendf(object, "<<%s/Length %d>>\nstream\n", entries, len(content))
	object = append(object, content...)
	return append(object, "\nendstream"...)
}

func joined(references []reference) string {
	words := make([]string, len(references))
	for i, r := range references {
		words[i] = r.String()
	}
	return strings.Join(words, " ")
}

// text is a text outside of pages, such as a title.
func text(s string) string {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return "<FEFF" + utf16Digits(s) + ">"
		}
	}
	return literal(s)
}

// utf16Digits are the UTF-16 units of a text as hexadecimal digits.
func utf16Digits(s string) string {
	var digits []byte
	for _, unit := range utf16.Encode([]rune(s)) {
		digits = appendHexadecimal(digits, int(unit))
	}
	return string(digits)
}

// literal is a string of bytes.
func literal(s string) string {
	escaped := make([]byte, 0, len(s)+2)
	escaped = append(escaped, '(')
	for i := range len(s) {
		switch s[i] {
		case '(', ')', '\\':
			escaped = append(escaped, '\\', s[i])
		case '\r':
			escaped = append(escaped, '\\', 'r')
		case '\n':
			escaped = append(escaped, '\\', 'n')
		default:
			escaped = append(escaped, s[i])
		}
	}
	return string(append(escaped, ')'))
}

// number writes a number with at most four decimals.
func number(n float64) string { return string(appendNumber(nil, n)) }

func appendNumber(b []byte, n float64) []byte {
	const tenThousand, half, limit = 10_000, 0.4999, 1e9
	scaled := n * tenThousand
	whole := math.Round(scaled)
	if math.Abs(scaled-whole) > half || math.Abs(n) > limit { // What is near a tie is rounded exactly.
		return appendExactNumber(b, n)
	}
	units := int64(whole)
	if units < 0 {
		b, units = append(b, '-'), -units
	}
	b = strconv.AppendInt(b, units/tenThousand, 10)
	rest := units % tenThousand
	if rest == 0 {
		return b
	}
	b = append(b, '.', byte('0'+rest/1000), byte('0'+rest/100%10), byte('0'+rest/10%10), byte('0'+rest%10))
	for b[len(b)-1] == '0' {
		b = b[:len(b)-1]
	}
	return b
}

func appendExactNumber(b []byte, n float64) []byte {
	start := len(b)
	b = strconv.AppendFloat(b, n, 'f', 4, 64)
	for b[len(b)-1] == '0' {
		b = b[:len(b)-1]
	}
	if b[len(b)-1] == '.' {
		b = b[:len(b)-1]
	}
	if string(b[start:]) == "-0" {
		b = append(b[:start], '0')
	}
	return b
}
