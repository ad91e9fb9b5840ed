package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/activities/documents"
	"shipments/events"
	"shipments/shipment"
	"shipments/shipment/sample"
)

// document renders what a document of a shipment should be.
func (b *bundle) document(t *testing.T, s shipment.Shipment, legs []shipment.ManifestedLeg, kind string) []byte {
	t.Helper()
	rendered, err := documents.RenderOne(documents.Input{
		Shipment: s, Category: b.settings.Rules.Classify(s), Legs: legs, Rules: b.settings.Rules,
	}, kind, nil)
	require.NoError(t, err)
	return rendered
}

func TestRebookingGeneratesTheDocumentsAnew(t *testing.T) {
	t.Parallel()
	inEach(t, compositions, func(t *testing.T, composition string) {
		b := setup(t, composition)
		b.numbered()
		b.settings.Rules.RebookingWindow = time.Hour
		b.request(time.Minute, rebooking("r-1", rebookable, "2036-11-26"))
		store := documents.NewStore(b.JS)
		before := map[string][]byte{}
		b.at(time.Minute, func() {
			for _, kind := range []string{documents.KindReceipt, documents.KindCombined} {
				content, _, err := store.Get(t.Context(), documents.Name(rebookable, kind))
				require.NoError(t, err)
				before[kind] = content
			}
		})
		first := sample.Shipment(rebookable, now)
		result := b.run(t, created("e-1", first))
		require.Equal(t, shipment.Success, result.Status)
		rebooked := first
		rebooked.CollectionDate = "2036-11-26"
		for kind, old := range before {
			require.Equal(t, b.document(t, first, result.Outcome.ManifestedLegs, kind), old, kind)
			content, _, err := store.Get(t.Context(), documents.Name(rebookable, kind))
			require.NoError(t, err)
			require.Equal(t, b.document(t, rebooked, result.Outcome.ManifestedLegs, kind), content, kind)
			require.NotEqual(t, old, content, kind)
		}
		require.Len(t, before, 2)
		require.Equal(t, "2036-11-26", result.Outcome.CollectionBooking.CollectionDate)
		booked := b.Messages(t, events.StreamEvents, "shipments.collection-booked."+rebookable)
		require.Contains(t, string(booked[0].Data), `"collectionDate":"2036-11-26"}`, "the booking has the day")
		require.Equal(t, rebookedStory, b.story(t, rebookable), "the documents are announced once")
	})
}

// Who sees that the collection is booked finds the new documents.
func TestRebookingIsPublishedAfterItsDocuments(t *testing.T) {
	t.Parallel()
	inBoth(t, func(t *testing.T, composition string) {
		b := setup(t, composition)
		b.settings.Rules.RebookingWindow = time.Hour
		o := b.fail("Generate")
		o.over = true
		b.at(time.Minute, func() {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.over = false
		})
		b.request(time.Minute, rebooking("r-1", rebookable, "2036-11-26"))
		b.request(2*time.Minute, cancellation("x-1", rebookable)) // too late: it is booked
		b.at(3*time.Minute, func() {
			require.NotEmpty(t, b.carrier.purposes("book-collection-2"))
			require.Empty(t, b.Messages(t, events.StreamEvents, "shipments.collection-booked."+rebookable))
			o.end()
		})
		result := b.run(t, created("e-1", sample.Shipment(rebookable, now)))
		require.Equal(t, shipment.Success, result.Status)
		require.Equal(t, rebookedStory, b.story(t, rebookable))
		require.Equal(t, []string{events.CodeShipmentEnded}, b.codes(t))
	})
}
