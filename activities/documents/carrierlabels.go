package documents

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"shipments/activities/documents/objectstore"
	"shipments/activities/documents/pdf"
)

// The content types of documents.
const (
	contentTypePDF = "application/pdf"
	contentTypePNG = "image/png"
	// contentTypeZPL is for printers that speak the Zebra Programming Language.
	contentTypeZPL = "application/zpl"
)

// ContentType is the content type of a document that [Store] keeps: ZPL, PNG or, as
// nearly all are, PDF.
func ContentType(content []byte) string {
	switch {
	case isZPL(content):
		return contentTypeZPL
	case bytes.HasPrefix(content, []byte("\x89PNG\r\n\x1a\n")):
		return contentTypePNG
	default:
		return contentTypePDF
	}
}

// isZPL reports whether a content is ZPL: commands begin with ^ or ~, and ^XA begins
// a label.
func isZPL(content []byte) bool {
	content = bytes.TrimSpace(content)
	return len(content) > 0 && (content[0] == '^' || content[0] == '~') && bytes.Contains(bytes.ToUpper(content), []byte("^XA"))
}

// LabelFile is a file with one or more labels that a carrier gave: PDF, PNG or ZPL.
type LabelFile struct{ Content []byte }

// errNoLabel is returned for a file that is none of what labels can be.
var errNoLabel = errors.New("it is no PDF document, no PNG picture and no ZPL")

// pages are the pages that a file is printed on. ZPL has none: only a printer for
// labels can print it.
func (f LabelFile) pages() ([]*pdf.Page, error) {
	switch ContentType(f.Content) {
	case contentTypeZPL:
		return nil, nil
	case contentTypePNG:
		page, err := pdf.Picture(f.Content)
		return []*pdf.Page{page}, err
	default:
		if !bytes.Contains(f.Content[:min(len(f.Content), 1024)], []byte("%PDF-")) {
			return nil, errNoLabel
		}
		return pdf.Read(f.Content)
	}
}

// labelName is the name that a file of a leg's carrier is stored under; legs and
// files count from 1. No shipment id has a dot.
func labelName(shipmentID string, leg, file int) string {
	return fmt.Sprintf("%s.leg%d.label%d", shipmentID, leg, file)
}

// PutLabels stores the labels that a carrier gave for a leg, counted from 1. A file
// that cannot be printed, because it is damaged or encrypted, is an error that names
// it, and nothing is stored. A repeat stores the same labels again; if it has fewer
// files, or none, those that an earlier call stored beyond them are deleted. The
// documents of the shipment then have these labels; see [Store.Labels].
func (s *Store) PutLabels(ctx context.Context, shipmentID string, leg int, files []LabelFile) error {
	named := map[string][]byte{}
	for i, file := range files {
		if _, err := file.pages(); err != nil {
			return fmt.Errorf("label %d of %d that the carrier of leg %d gave: %w", i+1, len(files), leg, err)
		}
		named[labelName(shipmentID, leg, i+1)] = file.Content
	}
	if err := s.PutAll(ctx, named); err != nil {
		return err
	}
	return s.deleteLabels(ctx, shipmentID, leg, len(files)+1)
}

// deleteLabels deletes the files of a leg's carrier from one on. The last goes first,
// so that a repeat of a call that ends halfway finds the others.
func (s *Store) deleteLabels(ctx context.Context, shipmentID string, leg, from int) error {
	var stored []*objectstore.Info
	for file := from; ; file++ {
		name := labelName(shipmentID, leg, file)
		infos, err := s.bucket.Infos(ctx, []string{name})
		if err != nil {
			return fmt.Errorf("look for older labels: %w", err)
		}
		info := infos[name]
		if info == nil || info.Deleted {
			break
		}
		stored = append(stored, info)
	}
	for i, info := range slices.Backward(stored) {
		if err := s.bucket.Delete(ctx, labelName(shipmentID, leg, from+i), info); err != nil {
			return fmt.Errorf("delete an older label: %w", err)
		}
	}
	return nil
}

// Labels reads the labels that carriers gave, by leg. A leg without any has none.
// There is one file for all packages of a leg, or one for each.
func (s *Store) Labels(ctx context.Context, shipmentID string, legs, packages int) ([][]LabelFile, error) {
	first := make([]string, legs)
	for leg := range legs {
		first[leg] = labelName(shipmentID, leg+1, 1)
	}
	found, err := s.bucket.Infos(ctx, first)
	if err != nil {
		return nil, fmt.Errorf("look for the carriers' labels: %w", err)
	}
	labels := make([][]LabelFile, legs)
	for leg := range legs {
		if info := found[first[leg]]; info == nil || info.Deleted {
			continue
		}
		for file := range packages {
			content, _, err := s.Get(ctx, labelName(shipmentID, leg+1, file+1))
			if errors.Is(err, ErrUnknown) {
				break
			}
			if err != nil {
				return nil, err
			}
			labels[leg] = append(labels[leg], LabelFile{content})
		}
	}
	return labels, nil
}

// carrierLabels are the pages with the labels of a leg that its carrier gave.
func carrierLabels(in Input, leg int, face face) ([]*pdf.Page, error) {
	var pages []*pdf.Page
	for i, file := range in.CarrierLabels[leg] {
		drawn, err := file.pages()
		if err != nil {
			return nil, fmt.Errorf("label %d of leg %d: %w", i+1, leg+1, err)
		}
		pages = append(pages, drawn...)
	}
	if len(pages) > 0 {
		return pages, nil
	}
	note, err := zplNote(in, leg, face)
	return []*pdf.Page{note}, err
}

// zplNote is a page in the place of labels that a PDF document cannot show.
func zplNote(in Input, leg int, face face) (*pdf.Page, error) {
	c := &canvas{Page: pdf.NewPage(labelWidth, labelHeight), face: face}
	carrier, _ := in.Rules.Carrier(in.Legs[leg].CarrierID)
	const width = labelWidth - 2*labelMargin
	c.stack(labelMargin, 10, width, 100, left,
		line{carrier.Name, 16, bold},
		line{fmt.Sprintf("This page is no label. The labels of leg %d are in ZPL, for a label printer. They are the document", leg+1), 11, plain},
		line{Name(in.Shipment.ShipmentID, in.Legs[leg].CarrierID), 11, bold})
	return c.Page, c.err
}

// zpl returns the labels of a carrier, if all that it gave are ZPL.
func (in Input) zpl(carrierID string) ([]byte, bool) {
	var files []string
	for leg, manifested := range in.Legs {
		if manifested.CarrierID != carrierID {
			continue
		}
		if !in.hasCarrierLabels(leg) {
			return nil, false
		}
		for _, file := range in.CarrierLabels[leg] {
			if ContentType(file.Content) != contentTypeZPL {
				return nil, false
			}
			files = append(files, strings.TrimSpace(string(file.Content))+"\n")
		}
	}
	return []byte(strings.Join(files, "")), len(files) > 0
}

func (in Input) hasCarrierLabels(leg int) bool {
	return leg < len(in.CarrierLabels) && len(in.CarrierLabels[leg]) > 0
}
