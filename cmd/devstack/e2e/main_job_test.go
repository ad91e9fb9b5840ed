package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"shipments/activities/carriers"
	"shipments/cmd/devstack/harness"
	"shipments/consumer"
	"shipments/events"
	"shipments/events/eventstest"
	"shipments/shipment"
	"shipments/shipment/emulation"
	"shipments/shipment/sample"
)

// examples are the nine shipments that show everything: three categories,
// each with success and both failures.
var examples = []string{
	"15916b8a5d11456f9934ed91c2bd82c0", "15916b8a5d11456f9934ed91c2bd82c1", "15916b8a5d11456f9934ed91c2bd82c2",
	"20b17abb2efe4fafaf74f173dc864240", "20b17abb2efe4fafaf74f173dc864241", "20b17abb2efe4fafaf74f173dc864242",
	"c7de2c4added47de8d24564d7ade3e20", "c7de2c4added47de8d24564d7ade3e21", "c7de2c4added47de8d24564d7ade3e22",
}

var (
	successStory = []string{"accepted", "manifested", "documents-generated", "collection-booked", "completed"}
	refusedStory = []string{"accepted", "failed"}
	bookingStory = []string{"accepted", "manifested", "documents-generated", "failed"}
)

// checkEnd checks how a shipment ended against what its id asks for: the story
// in the stream, the JSON of the status, and the state of its workflows.
func (s *system) checkEnd(t *testing.T, id string) {
	t.Helper()
	result, body := s.ended(t, id)
	failure := func(description, code string) string {
		return fmt.Sprintf(`{"shipmentId":%q,"status":"Failure","failure":{"faults":[{"description":%q,"errors":[%q]}]}}`, id, description, code)
	}
	switch emulated := emulation.ID(id); {
	case emulated.Ending() == emulation.DeclinesManifestation:
		require.JSONEq(t, failure("Carrier manifestation failed", "1.2.3: Manifestation failed"), string(body))
		require.Equal(t, refusedStory, s.story(t, id))
	case emulated.Ending() == emulation.DeclinesCollection:
		require.JSONEq(t, failure("Carrier collection booking failed", "2.3.4: Collection not possible on the requested day"), string(body))
		require.Equal(t, bookingStory, s.story(t, id))
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
			},
		},
	})
	require.NoError(t, err)
	require.JSONEq(t, string(want), string(body))
	s.checkDocuments(t, result.Outcome)
}

// checkDocuments fetches every document that an outcome names.
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

func TestTheNineExamplesThroughEveryDoor(t *testing.T) {
	s := start(t, "all", 200*time.Millisecond)
	now := time.Now()
	publish := func(msg *nats.Msg) {
		t.Helper()
		_, err := s.js.PublishMsg(t.Context(), msg)
		require.NoError(t, err)
	}
	var ids []string
	for _, id := range examples {
		status, _ := s.do(t, http.MethodPost, "/"+id)
		require.Equal(t, http.StatusAccepted, status)
		status, _ = s.get(t, "/"+id)
		require.Equal(t, http.StatusOK, status, "it is known at once")

		structured, binary := id[:1]+"structured"+id[len(id)-1:], id[:1]+"binary"+id[len(id)-1:]
		ev, err := events.NewCreated("e-"+structured, "/team/orders", now, sample.Shipment(structured, now))
		require.NoError(t, err)
		body, err := json.Marshal(ev)
		require.NoError(t, err)
		publish(&nats.Msg{Subject: "shipments.created", Data: body})

		data, err := json.Marshal(sample.Shipment(binary, now))
		require.NoError(t, err)
		publish(&nats.Msg{Subject: "shipments.created", Data: data, Header: nats.Header{
			"ce-specversion": {"1.0"}, "ce-id": {"e-" + binary}, "ce-source": {"/team/orders"}, "ce-type": {"shipments.created"},
		}})
		ids = append(ids, id, structured, binary)
	}
	for _, id := range ids {
		s.checkEnd(t, id)
	}
	s.drained(t)
	require.Empty(t, eventstest.Rejections(t, s.js))

	list := s.executions(t, "c7de2c4added47de8d24564d7ade3e20")
	require.Len(t, list, 8, "entry, category, manifestation, documents, collection, three carrier calls")
	queues := map[string]bool{}
	for _, e := range list {
		queues[e.GetTaskQueue()] = true
	}
	require.Len(t, queues, 5)
}

func TestInOneExecutionTheOutcomeIsTheSame(t *testing.T) {
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

func TestRepeatsHaveNoEffectAndConflictsAreRejected(t *testing.T) {
	s := start(t, "all", 500*time.Millisecond)
	now := time.Now()
	const id = "c7repeat0"
	publish := func(eventID string, weight int) {
		t.Helper()
		content := sample.Shipment(id, now)
		content.Packages[0].WeightGrams = weight
		ev, err := events.NewCreated(eventID, "/team/orders", now, content)
		require.NoError(t, err)
		body, err := json.Marshal(ev)
		require.NoError(t, err)
		_, err = s.js.Publish(t.Context(), "shipments.created", body)
		require.NoError(t, err)
	}
	publish("e-1", 1000)
	s.drained(t) // Events that wait together are handled at once: any could be the first.
	publish("e-1", 1000)
	publish("e-2", 1000)
	publish("e-3", 2000) // Other content while the process runs.
	s.checkEnd(t, id)
	publish("e-1", 1000)
	publish("e-4", 1000)
	publish("e-5", 3000) // Other content after it has ended.
	s.drained(t)
	eventually(t, func() bool { return len(eventstest.Rejections(t, s.js)) >= 2 }, "two conflicts")
	require.Len(t, eventstest.Rejections(t, s.js), 2)
	for _, r := range eventstest.Rejections(t, s.js) {
		require.Equal(t, events.CodeConflict, r.Reasons[0].Code)
	}
	require.Equal(t, successStory, s.story(t, id))
	require.Len(t, s.executions(t, id), 8)
}

func TestWhatIsNoShipmentIsRejectedAndTheRestGoesOn(t *testing.T) {
	s := start(t, "none", 200*time.Millisecond)
	for _, body := range []string{
		"not json",
		`{"id":"1","source":"/team","type":"shipments.created","data":{}}`,
		`{"specversion":"1.0","id":"1","source":"/team","type":"shipments.created","data":{"shipmentId":"abc"}}`,
	} {
		_, err := s.js.Publish(t.Context(), "shipments.created", []byte(body))
		require.NoError(t, err)
	}
	status, _ := s.do(t, http.MethodPost, "/1after0")
	require.Equal(t, http.StatusAccepted, status)
	s.checkEnd(t, "1after0")
	s.drained(t)
	codes := map[string]int{}
	for _, r := range eventstest.Rejections(t, s.js) {
		codes[r.Reasons[0].Code]++
	}
	require.Equal(t, map[string]int{events.CodeInvalidJSON: 1, events.CodeMissingAttribute: 1, events.CodeSchemaViolation: 1}, codes)
	result, _ := s.ended(t, "abc")
	require.Equal(t, shipment.Rejected, result.Status)
}

func TestKilledWhileShipmentsWaitForTheirTimersAllFinishOnce(t *testing.T) {
	data := t.TempDir()
	p, s := devstack(t, []string{"SHIPMENTS_COLLECTION_DELAY=3s"}, "--data", data)
	var ids []string
	for i := range 20 {
		id := fmt.Sprintf("%dkilled%02dx", 1+i%3, i)
		ids = append(ids, id)
		status, _ := s.do(t, http.MethodPost, "/"+id)
		require.Equal(t, http.StatusAccepted, status)
	}
	for _, id := range ids {
		eventually(t, func() bool { return len(s.story(t, id)) >= 3 }, "shipment %s waits for its timer", id)
	}
	p.Kill()

	_, s = devstack(t, []string{"SHIPMENTS_COLLECTION_DELAY=3s"}, "--data", data)
	for _, id := range ids {
		result, _ := s.ended(t, id)
		require.Equal(t, shipment.Success, result.Status)
		require.Equal(t, successStory, s.story(t, id))
	}
	s.drained(t)
	require.Empty(t, eventstest.Rejections(t, s.js))
}

func TestAfterARestartItWorksAtOnce(t *testing.T) {
	data := t.TempDir()
	for i, stop := range []func(*harness.Process){
		func(p *harness.Process) { require.NoError(t, p.Terminate(os.Interrupt)) },
		func(p *harness.Process) { p.Kill() },
		func(p *harness.Process) { require.NoError(t, p.Terminate(os.Interrupt)) },
	} {
		p, s := devstack(t, []string{"SHIPMENTS_COLLECTION_DELAY=100ms"}, "--data", data)
		began := time.Now()
		id := fmt.Sprintf("crestart%dx", i)
		status, _ := s.do(t, http.MethodPost, "/"+id)
		require.Equal(t, http.StatusAccepted, status)
		s.checkEnd(t, id)
		require.Less(t, time.Since(began), 15*time.Second)
		stop(p)
	}
}

func TestACancellationAndARebooking(t *testing.T) {
	s := start(t, "all", 4*time.Second)
	s.changeMinds(t)
	s.drained(t)
	require.Empty(t, eventstest.Rejections(t, s.js))
	for before, id := range []string{cancelledID, rebookedID, cancelledID, rebookedID} { // created twice, then the requests
		for _, other := range []string{cancelledID, rebookedID} {
			received, err := consumer.Received(t.Context(), s.temporal, other, uint64(before+1))
			require.NoError(t, err)
			require.Equal(t, other == id, received, "message %d, %s", before+1, other)
		}
	}
	received, err := consumer.Received(t.Context(), s.temporal, "cunknown", 1)
	require.NoError(t, err)
	require.False(t, received)
}

// The shipments of changeMinds.
const cancelledID, rebookedID = "ccancelx", "crebook3"

// changeMinds cancels one shipment while it waits for its timer, and rebooks
// the collection of another one after its first booking has failed.
func (s *system) changeMinds(t *testing.T) {
	t.Helper()
	request := func(eventType, data string) {
		t.Helper()
		_, err := s.js.Publish(t.Context(), eventType, []byte(`{"specversion":"1.0","id":"r-1","source":"/team","type":"`+eventType+`","data":`+data+`}`))
		require.NoError(t, err)
	}
	for _, id := range []string{cancelledID, rebookedID} {
		status, _ := s.do(t, http.MethodPost, "/"+id)
		require.Equal(t, http.StatusAccepted, status)
	}
	eventually(t, func() bool { return len(s.story(t, cancelledID)) == 3 }, "it waits for its timer")
	request(events.TypeCancellationRequested, `{"shipmentId":"`+cancelledID+`","reason":"changed her mind"}`)
	result, _ := s.ended(t, cancelledID)
	require.Equal(t, shipment.Cancelled, result.Status)
	require.Len(t, result.Cancellation.Compensation.Voided, 2)
	require.Equal(t, []string{"accepted", "manifested", "documents-generated", "manifestation-voided", "cancelled"}, s.story(t, cancelledID))

	eventually(t, func() bool { return s.awaitsRebooking(t, rebookedID) }, "its first booking has failed")
	request(events.TypeRebookingRequested, `{"shipmentId":"`+rebookedID+`","collectionDate":"2030-01-16"}`)
	result, _ = s.ended(t, rebookedID)
	require.Equal(t, shipment.Success, result.Status)
	require.Equal(t, successStory, s.story(t, rebookedID))
}

// awaitsRebooking reports whether a process has begun to wait for a rebooking:
// it is the only timer of a day.
func (s *system) awaitsRebooking(t *testing.T, id string) bool {
	t.Helper()
	history := s.temporal.GetWorkflowHistory(t.Context(), "shipment."+id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for history.HasNext() {
		event, err := history.Next()
		if err != nil {
			return false
		}
		if event.GetTimerStartedEventAttributes().GetStartToFireTimeout().AsDuration() == 24*time.Hour {
			return true
		}
	}
	return false
}

func TestOverHTTPWithFaultsEveryCarrierEffectHappensOnce(t *testing.T) {
	const shipments = 200
	simulator := carriers.NewServer(carriers.Simulator{Emulation: true}, "secret", carriers.Chaos{
		Latency: 5 * time.Millisecond, Errors: 0.1, Throttled: 0.05, RetryAfter: time.Second, Dropped: 0.1, Seed: 7,
	})
	server := httptest.NewServer(simulator)
	t.Cleanup(server.Close)
	t.Setenv("E2E_CARRIER_TOKEN", "secret")
	t.Setenv("SHIPMENTS_CARRIERS", harness.CarrierTable(t, server.URL, map[string]any{"tokenVariable": "E2E_CARRIER_TOKEN"}))

	s := start(t, "none", 100*time.Millisecond)
	var ids []string
	for i := range shipments {
		id := fmt.Sprintf("chttp%03dx", i)
		ids = append(ids, id)
		ev, err := events.NewCreated("e-"+id, "/team", time.Now(), sample.Shipment(id, time.Now()))
		require.NoError(t, err)
		body, err := json.Marshal(ev)
		require.NoError(t, err)
		_, err = s.js.Publish(t.Context(), "shipments.created", body)
		require.NoError(t, err)
	}
	for _, id := range ids {
		result, _ := s.ended(t, id)
		require.Equal(t, shipment.Success, result.Status, "the faults are none of the shipment's business")
		require.Equal(t, successStory, s.story(t, id))
	}
	effects, repeats := simulator.Effects()
	require.Len(t, effects, 3*shipments, "two legs and a booking each")
	for key, n := range effects {
		require.Equal(t, 1, n, key)
	}
	t.Logf("seed 7: %d shipments, %d effects, %d repeated calls recognised", shipments, len(effects), repeats)
}

func TestStoppingIsCleanAndQuick(t *testing.T) {
	for _, with := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		p, s := devstack(t, nil, "--ephemeral")
		for i := range 10 {
			status, _ := s.do(t, http.MethodPost, fmt.Sprintf("/1stop%d", i))
			require.Equal(t, http.StatusAccepted, status)
		}
		began := time.Now()
		require.NoError(t, p.Terminate(with))
		require.Less(t, time.Since(began), 10*time.Second)
	}
}
