package activities

import (
	"context"
	"fmt"

	"shipments/activities/documents"
	"shipments/activities/documents/typeface"
)

// Documents are the activities that make documents.
type Documents struct {
	Store *documents.Store
	// Typeface prints the documents; [typeface.Default] if it is nil.
	Typeface *typeface.Typeface
	// Stored is told the size of each document that was stored, if it is not nil. The
	// kind is one of package documents, or a carrier's id.
	Stored func(kind string, bytes int)
}

// Generate renders the documents that the input has and stores them. It returns
// when all of them can be read back intact. Rendering is a pure function and
// storing finds what is there: a repeat leaves one object per document.
func (a *Documents) Generate(ctx context.Context, in documents.Input) error {
	var err error
	if len(in.Legs) > 0 {
		in.CarrierLabels, err = a.Store.Labels(ctx, in.Shipment.ShipmentID, len(in.Legs), in.Shipment.PackageCount())
		if err != nil {
			return fmt.Errorf("documents of shipment %s: %w", in.Shipment.ShipmentID, err)
		}
	}
	rendered, err := documents.Render(in, a.Typeface)
	if err != nil {
		return fmt.Errorf("documents of shipment %s: %w", in.Shipment.ShipmentID, err)
	}
	named := make(map[string][]byte, len(rendered))
	for kind, document := range rendered {
		named[documents.Name(in.Shipment.ShipmentID, kind)] = document
	}
	if err := a.Store.PutAll(ctx, named); err != nil {
		return err
	}
	if a.Stored != nil {
		for kind, document := range rendered {
			a.Stored(kind, len(document))
		}
	}
	return nil
}
