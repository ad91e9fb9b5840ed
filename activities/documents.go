package activities

import (
	"context"
	"fmt"

	"shipments/activities/documents"
)

// Documents are the activities that make documents.
type Documents struct{ Store *documents.Store }

// Generate renders the documents that the input has and stores them. It returns
// when all of them can be read back intact. Rendering is a pure function and
// storing finds what is there: a repeat leaves one object per document.
func (a *Documents) Generate(ctx context.Context, in documents.Input) error {
	rendered, err := documents.Render(in)
	if err != nil {
		return fmt.Errorf("documents of shipment %s: %w", in.Shipment.ShipmentID, err)
	}
	named := make(map[string][]byte, len(rendered))
	for kind, document := range rendered {
		named[documents.Name(in.Shipment.ShipmentID, kind)] = document
	}
	return a.Store.PutAll(ctx, named)
}
