package activities

import (
	"context"

	"shipments/activities/carriers"
	"shipments/activities/documents"
)

// CarrierLabels is the [LabelStore] whose labels become part of the documents.
type CarrierLabels struct{ Store *documents.Store }

var _ LabelStore = CarrierLabels{}

// PutLabels implements [LabelStore]. Labels that cannot be printed are an error that
// names them; see [documents.Store.PutLabels].
func (c CarrierLabels) PutLabels(ctx context.Context, request carriers.ManifestLegRequest, labels []carriers.Label) error {
	files := make([]documents.LabelFile, len(labels))
	for i, label := range labels {
		files[i] = documents.LabelFile{Content: label.Content}
	}
	return c.Store.PutLabels(ctx, request.ShipmentID, request.Leg, files)
}
