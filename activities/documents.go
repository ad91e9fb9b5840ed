package activities

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"shipments/activities/documents"
)

// Documents are the activities that make documents. They are short and run as
// local activities.
type Documents struct{ Store *documents.Store }

// Generate renders the documents that the input has, stores them, and returns
// when all of them can be read back unharmed. Rendering is a pure function and
// storing recognises what is there: a repeat leaves one object per document.
func (a *Documents) Generate(ctx context.Context, in documents.Input) error {
	rendered, err := documents.Render(in)
	if err != nil {
		return fmt.Errorf("documents of shipment %s: %w", in.Shipment.ShipmentID, err)
	}
	all, ctx := errgroup.WithContext(ctx)
	kinds := make([]string, 0, len(rendered))
	for kind := range rendered {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	for _, kind := range kinds {
		all.Go(func() error {
			return a.Store.Put(ctx, documents.Name(in.Shipment.ShipmentID, kind), rendered[kind])
		})
	}
	return all.Wait()
}
