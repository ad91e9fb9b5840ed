package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"shipments/events"
	"shipments/events/eventstest"
	"shipments/shipment"
	"shipments/shipment/emulation"
	"shipments/shipment/sample"
)

// The parts of the examples' ids that tell them apart.
const domesticName, paperlessName, internationalName = "5916b8a5d11456f9934ed91c2bd82c", "0b17abb2efe4fafaf74f173dc86424", "7de2c4added47de8d24564d7ade3e2"

// examples are nine shipments: each category with success and with both failures.
var examples = slices.Concat(
	endings(emulation.Domestic, domesticName),
	endings(emulation.Paperless, paperlessName),
	endings(emulation.International, internationalName),
)

// endings makes the ids of three shipments that end differently.
func endings(route emulation.Route, name string) []string {
	return []string{
		emulation.NewID(route, name, emulation.Succeeds),
		emulation.NewID(route, name, emulation.DeclinesManifestation),
		emulation.NewID(route, name, emulation.DeclinesCollection),
	}
}

// succeeds makes the id of an international shipment for which all goes well.
func succeeds(format string, args ...any) string {
	return emulation.NewID(emulation.International, fmt.Sprintf(format, args...), emulation.Succeeds)
}

// The stories of shipments: the types of their outcome events, without "shipments.".
var (
	successStory          = []string{"accepted", "manifested", "documents-generated", "collection-booked", "completed"}
	manifestationDeclined = []string{"accepted", "failed"}
	collectionDeclined    = []string{"accepted", "manifested", "documents-generated", "collection-declined", "manifestation-voided", "failed"}
	rebookedStory         = []string{"accepted", "manifested", "documents-generated", "collection-declined", "collection-booked", "completed"}
)

// checkEnd waits for a shipment's end, and compares it with the ending that its id
// asks for: the story in the stream, the JSON of the status, and the state of its
// workflows.
func (s *system) checkEnd(t *testing.T, id string) {
	t.Helper()
	result, body := s.ended(t, id)
	failure := func(description, code string) string {
		return fmt.Sprintf(`{"shipmentId":%q,"status":"Failure","failure":{"faults":[{"description":%q,"errors":[%q]}]}}`, id, description, code)
	}
	switch emulated := emulation.ID(id); {
	case emulated.Ending() == emulation.DeclinesManifestation:
		require.JSONEq(t, failure("Carrier manifestation failed", "1.2.3: Manifestation failed"), string(body))
		require.Equal(t, manifestationDeclined, s.story(t, id))
	case emulated.Ending() == emulation.DeclinesCollection:
		compensation := result.Failure.Compensation
		result.Failure.Compensation = nil
		body, err := json.Marshal(result)
		require.NoError(t, err)
		require.JSONEq(t, failure("Carrier collection booking failed", "2.3.4: Collection not possible on the requested day"), string(body))
		s.checkVoided(t, id, compensation)
		require.Equal(t, collectionDeclined, s.story(t, id))
	default:
		s.checkSuccess(t, id, shipment.Rules{Emulation: true}.Classify(shipment.Shipment{ShipmentID: id}), result, body)
		require.Equal(t, successStory, s.story(t, id))
	}
	eventually(t, func() bool {
		for _, e := range s.executions(t, id) {
			if e.GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED {
				return false
			}
		}
		return true
	}, "a workflow of shipment %s is not completed", id)
}

// checkVoided checks that a failure says that all legs of a shipment were voided.
func (s *system) checkVoided(t *testing.T, id string, compensation *shipment.Compensation) {
	t.Helper()
	require.Equal(t, shipment.Compensation{Voided: compensation.Voided}, *compensation)
	legs := sample.Shipment(id, time.Now()).Legs
	require.Len(t, compensation.Voided, len(legs))
	for i, leg := range compensation.Voided {
		require.Equal(t, legs[i].CarrierID, leg.CarrierID)
		require.Len(t, leg.TrackingNumbers, 2, "one per package")
	}
}

func (s *system) checkSuccess(t *testing.T, id string, category shipment.Category, result shipment.Result, body []byte) {
	t.Helper()
	require.Equal(t, shipment.Success, result.Status)
	known := sample.Carriers()
	legs := 2
	invoice := any(s.apiURL + "/shipment-documents/" + id + "_invoice")
	switch category {
	case shipment.Domestic:
		legs, invoice = 1, nil
	case shipment.InternationalPaperless:
		invoice = s.apiURL + "/shipment-documents/" + id + "_pt_invoice"
	case shipment.International:
	}
	require.Len(t, result.Outcome.ManifestedLegs, legs)
	manifested := make([]any, legs)
	for i, leg := range result.Outcome.ManifestedLegs {
		require.Len(t, leg.TrackingNumbers, 2, "one per package")
		manifested[i] = map[string]any{
			"carrierId": known[i].ID, "trackingNumbers": leg.TrackingNumbers,
			"labelsUrl": s.apiURL + "/shipment-documents/" + id + "_" + known[i].ID,
		}
	}
	booking := result.Outcome.CollectionBooking
	require.NotEmpty(t, booking.BookingReference)
	require.NotEmpty(t, booking.LocationReference)
	require.NotEmpty(t, booking.CollectionDate)
	want, err := json.Marshal(map[string]any{
		"shipmentId": id, "status": "Success",
		"outcome": map[string]any{
			"manifestedLegs": manifested,
			"shipmentDocuments": map[string]any{
				"labelsUrl":  s.apiURL + "/shipment-documents/" + id + "_labels",
				"invoiceUrl": invoice, "receiptUrl": s.apiURL + "/shipment-documents/" + id + "_receipt",
				"combinedDocumentUrl": s.apiURL + "/shipment-documents/" + id + "_combined_document",
			},
			"collectionBooking": map[string]any{
				"carrierId": known[0].ID, "bookingReference": booking.BookingReference, "locationReference": booking.LocationReference,
				"collectionDate": booking.CollectionDate,
			},
		},
	})
	require.NoError(t, err)
	require.JSONEq(t, string(want), string(body))
	s.checkDocuments(t, result.Outcome)
}

// checkDocuments fetches every document of an outcome.
func (s *system) checkDocuments(t *testing.T, outcome *shipment.Outcome) {
	t.Helper()
	docs := outcome.ShipmentDocuments
	urls := []string{docs.LabelsURL, docs.ReceiptURL, docs.CombinedDocumentURL}
	if docs.InvoiceURL != nil {
		urls = append(urls, *docs.InvoiceURL)
	}
	for _, leg := range outcome.ManifestedLegs {
		urls = append(urls, leg.LabelsURL)
	}
	for _, url := range urls {
		status, document := s.get(t, strings.TrimPrefix(url, s.apiURL))
		require.Equal(t, http.StatusOK, status, url)
		require.True(t, strings.HasPrefix(string(document), "%PDF-"), url)
	}
}

func TestProcessExamplesWithEveryChildWorkflow(t *testing.T) {
	s := start(t, "all", 200*time.Millisecond)
	now := time.Now()
	publish := func(t *testing.T, msg *nats.Msg) {
		t.Helper()
		_, err := s.js.PublishMsg(t.Context(), msg)
		require.NoError(t, err)
	}
	ways := map[string]func(t *testing.T, id string) (made string){
		"over HTTP": func(t *testing.T, id string) string {
			t.Helper()
			status, _ := s.do(t, http.MethodPost, "/"+id)
			require.Equal(t, http.StatusAccepted, status)
			status, _ = s.get(t, "/"+id)
			require.Equal(t, http.StatusOK, status, "it is known at once")
			return id
		},
		"as a structured event": func(t *testing.T, id string) string {
			t.Helper()
			id = emulation.NewID(emulation.ID(id).Route(), "structured", emulation.ID(id).Ending())
			ev, err := events.NewCreated("e-"+id, "/team/orders", now, sample.Shipment(id, now))
			require.NoError(t, err)
			body, err := json.Marshal(ev)
			require.NoError(t, err)
			publish(t, &nats.Msg{Subject: "shipments.created", Data: body})
			return id
		},
		"as a binary event": func(t *testing.T, id string) string {
			t.Helper()
			id = emulation.NewID(emulation.ID(id).Route(), "binary", emulation.ID(id).Ending())
			data, err := json.Marshal(sample.Shipment(id, now))
			require.NoError(t, err)
			publish(t, &nats.Msg{Subject: "shipments.created", Data: data, Header: nats.Header{
				"ce-specversion": {"1.0"}, "ce-id": {"e-" + id}, "ce-source": {"/team/orders"}, "ce-type": {"shipments.created"},
			}})
			return id
		},
	}
	for way, send := range ways {
		t.Run(way, func(t *testing.T) {
			var ids []string
			for _, id := range examples {
				ids = append(ids, send(t, id))
			}
			for _, id := range ids {
				s.checkEnd(t, id)
			}
		})
	}
	s.drained(t)
	require.Empty(t, eventstest.Rejections(t, s.js))

	list := s.executions(t, emulation.NewID(emulation.International, internationalName, emulation.Succeeds))
	require.Len(t, list, 8, "entry, category, manifestation, documents, collection, three carrier calls")
	queues := map[string]bool{}
	for _, e := range list {
		queues[e.GetTaskQueue()] = true
	}
	require.Len(t, queues, 5)
}

func TestProcessExamplesInOneExecutionEach(t *testing.T) {
	s := start(t, "none", 200*time.Millisecond)
	for _, id := range examples {
		status, _ := s.do(t, http.MethodPost, "/"+id)
		require.Equal(t, http.StatusAccepted, status)
	}
	for _, id := range examples {
		s.checkEnd(t, id)
		require.Len(t, s.executions(t, id), 1)
	}
}
