package pdf

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// ErrEncrypted is returned for a PDF document that is encrypted.
var ErrEncrypted = errors.New("the PDF document is encrypted")

// Limits of a document that is read.
const (
	maxPages   = 500
	maxObjects = 50_000
	maxDepth   = 64        // of what an object contains
	maxContent = 256 << 20 // bytes of a page's content once it is expanded
)

// source is a document that was read.
type source struct{ context *model.Context }

// copiedPage is a page of a document that was read.
type copiedPage struct {
	from   *source
	page   types.Dict
	shared *model.InheritedPageAttrs
}

// Read reads the pages of a PDF document. The document is validated: a damaged one
// is an error, an encrypted one is [ErrEncrypted], and one with more pages or objects
// than labels have is [ErrTooLarge]. Of a page, what is printed is taken over, and
// nothing that acts: no links, scripts, forms or attachments.
func Read(content []byte) (pages []*Page, err error) {
	defer func() {
		if r := recover(); r != nil {
			pages, err = nil, fmt.Errorf("damaged PDF document: %v", r)
		}
	}()
	// The reader would mend what is cut off, and leave out what it has lost.
	if !bytes.Contains(content[max(0, len(content)-1024):], []byte("%%EOF")) {
		return nil, errors.New("damaged PDF document: it is cut off, or something else")
	}
	context, err := api.ReadAndValidate(bytes.NewReader(content), configuration())
	switch {
	case err != nil && bytes.Contains(content, []byte("/Encrypt")):
		return nil, fmt.Errorf("%w: %w", ErrEncrypted, err)
	case err != nil:
		return nil, fmt.Errorf("damaged PDF document: %w", err)
	case context.Encrypt != nil:
		return nil, ErrEncrypted
	case context.PageCount < 1:
		return nil, errors.New("the PDF document has no pages")
	case context.PageCount > maxPages || len(context.Table) > maxObjects:
		return nil, fmt.Errorf("PDF document with %d pages and %d objects: %w", context.PageCount, len(context.Table), ErrTooLarge)
	}
	from := &source{context}
	for n := 1; n <= context.PageCount; n++ {
		dict, _, shared, err := context.PageDict(n, false)
		if err != nil {
			return nil, fmt.Errorf("page %d of the PDF document: %w", n, err)
		}
		if shared.MediaBox == nil {
			return nil, fmt.Errorf("page %d of the PDF document has no size", n)
		}
		// The reader puts a blank page where one is lost.
		if drawn, err := context.PageContent(dict, n); err != nil || len(bytes.TrimSpace(drawn)) == 0 {
			return nil, fmt.Errorf("damaged PDF document: page %d is blank", n)
		}
		page := &Page{copied: &copiedPage{from: from, page: dict, shared: shared}}
		page.width, page.height = shared.MediaBox.Width()/pointsPerMm, shared.MediaBox.Height()/pointsPerMm
		// What cannot be copied is found out here.
		if err := tryCopy(page); err != nil {
			return nil, fmt.Errorf("page %d of the PDF document: %w", n, err)
		}
		pages = append(pages, page)
	}
	return pages, nil
}

// pdfcpu is told once, before any goroutine reads it: it keeps no configuration and no
// fonts in the home directory.
func init() { api.DisableConfigDir() } //nolint:gochecknoinits // a variable of the library

// configuration lets the validation be as lenient as viewers are, and has it touch
// neither files nor the network.
func configuration() *model.Configuration {
	c := model.NewDefaultConfiguration()
	c.ValidationMode = model.ValidationRelaxed
	c.Offline, c.Optimize, c.ValidateLinks = true, false, false
	return c
}

// tryCopy copies a page into a document that is thrown away.
func tryCopy(page *Page) error {
	c := copier{document: New("", "", time.Time{}), context: page.copied.from.context, numbers: map[int]reference{}}
	c.page(page.copied)
	return c.err
}

// copyPage copies a page with everything that it needs. What several pages share is
// copied once.
func (d *Document) copyPage(page *copiedPage) reference {
	numbers := d.copies[page.from]
	if numbers == nil {
		numbers = map[int]reference{}
		d.copies[page.from] = numbers
	}
	c := copier{document: d, context: page.from.context, numbers: numbers}
	return c.page(page) // An error was found when the page was read.
}

// copier copies objects of a document that was read into another document.
type copier struct {
	document *Document
	context  *model.Context
	numbers  map[int]reference // by the numbers in the document that was read
	content  int64             // bytes of expanded content
	err      error
}

// left are the entries of dictionaries that are not copied: they lead to other parts
// of the document, or change what is printed.
var left = []string{"Parent", "StructParent", "StructParents", "Metadata", "PieceInfo", "OC", "AA", "A", "Annots"}

func (c *copier) page(page *copiedPage) reference {
	out := fmt.Appendf(nil, "<</Type/Page/Parent %v", pageTree)
	out = append(out, "/MediaBox"+rectangle(page.shared.MediaBox)...)
	if page.shared.CropBox != nil {
		out = append(out, "/CropBox"+rectangle(page.shared.CropBox)...)
	}
	if page.shared.Rotate != 0 {
		out = fmt.Appendf(out, "/Rotate %d", page.shared.Rotate)
	}
	out = c.append(append(out, "/Resources "...), page.shared.Resources, 0)
	for _, entry := range []string{"Contents", "Group", "UserUnit"} {
		if value, found := page.page.Find(entry); found {
			out = c.append(append(out, "/"+entry+" "...), value, 0)
		}
	}
	return c.document.add(append(out, ">>"...))
}

func rectangle(r *types.Rectangle) string {
	return "[" + number(r.LL.X) + " " + number(r.LL.Y) + " " + number(r.UR.X) + " " + number(r.UR.Y) + "]"
}

// append appends an object as it is written in a file.
func (c *copier) append(out []byte, object types.Object, depth int) []byte {
	if depth > maxDepth {
		c.err = fmt.Errorf("objects within objects: %w", ErrTooLarge)
		return append(out, "null"...)
	}
	switch o := object.(type) {
	case nil:
		return append(out, "null"...)
	case types.IndirectRef:
		return append(out, c.reference(o, depth).String()...)
	case types.Dict:
		return append(c.entries(append(out, "<<"...), o, depth), ">>"...)
	case types.Array:
		out = append(out, '[')
		for _, element := range o {
			out = append(c.append(out, element, depth+1), ' ')
		}
		return append(out, ']')
	default:
		return append(out, o.PDFString()...)
	}
}

func (c *copier) entries(out []byte, dict types.Dict, depth int, without ...string) []byte {
	for _, key := range slices.Sorted(maps.Keys(dict)) {
		if slices.Contains(left, key) || slices.Contains(without, key) {
			continue
		}
		out = append(append(out, types.Name(key).PDFString()...), ' ')
		out = c.append(out, dict[key], depth+1)
	}
	return out
}

// check makes sure that compressed content is whole: it ends with a checksum.
func (c *copier) check(s types.StreamDict) error {
	if filter, isName := s.Dict["Filter"].(types.Name); !isName || filter != "FlateDecode" {
		return nil
	}
	r, err := zlib.NewReader(bytes.NewReader(s.Raw))
	if err != nil {
		return err
	}
	n, err := io.Copy(io.Discard, io.LimitReader(r, maxContent+1))
	if c.content += n; err == nil && c.content > maxContent {
		return fmt.Errorf("content: %w", ErrTooLarge)
	}
	return err
}

// reference copies an object that others refer to, once.
func (c *copier) reference(r types.IndirectRef, depth int) reference {
	number := r.ObjectNumber.Value()
	if copied, known := c.numbers[number]; known {
		return copied
	}
	copied := c.document.reserve()
	c.numbers[number] = copied
	object, err := c.context.Dereference(r)
	if err != nil {
		c.err = fmt.Errorf("object %d: %w", number, err)
	}
	if s, isStream := object.(types.StreamDict); isStream {
		if err := c.check(s); err != nil {
			c.err = fmt.Errorf("object %d: damaged PDF document: %w", number, err)
		}
		// The length may be an object of its own; the content is at hand.
		entries := c.entries(nil, s.Dict, depth+1, "Length")
		c.document.set(copied, stream(string(entries), s.Raw))
		return copied
	}
	c.document.set(copied, c.append(nil, object, depth+1))
	return copied
}
