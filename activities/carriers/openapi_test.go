package carriers_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/activities/carriers"
	"shipments/activities/carriers/conformance"
	"shipments/shipment"
)

func TestOpenAPIReferences(t *testing.T) {
	t.Parallel()
	contract, err := conformance.NewContract()
	require.NoError(t, err)
	references := regexp.MustCompile(`#(/components/\w+/\w+)`).FindAllStringSubmatch(string(carriers.OpenAPI), -1)
	require.NotEmpty(t, references)
	for _, reference := range references {
		require.True(t, contract.Has(reference[1]), reference[1])
	}
}

// full is a value in which every field is set: texts are what the field's name in
// JSON asks for.
func full(v reflect.Value, name string) {
	texts := map[string]string{
		"shipmentId": "full-1", "carrierId": "c1", "country": "GB", "originCountry": "DE", "currency": "EUR", "unitValue": "19.90",
		"hsCode": "640399", "collectionDate": "2026-11-24", "invoiceDate": "2026-11-20", "timeZone": "Europe/London",
		"invoiceUrl": "https://shipments.test/i", "reason": "sale", "incoterm": "DAP", "bookingReference": "B1",
		"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate": "a=b",
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			tag, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			full(v.Field(i), tag)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		full(v.Index(0), name)
		full(v.Index(1), name)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		full(v.Elem(), name)
	case reflect.String:
		v.SetString("x")
		if text, ok := texts[name]; ok {
			v.SetString(text)
		}
	case reflect.Int:
		v.SetInt(1)
	default:
	}
}

// contracted serves a handler and compares each request and answer with the
// document.
func contracted(t *testing.T, handler http.Handler) http.Handler {
	t.Helper()
	contract, err := conformance.NewContract()
	require.NoError(t, err)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if strings.HasPrefix(r.URL.Path, "/v1/labels/") {
			handler.ServeHTTP(w, r)
			return
		}
		if err := contract.Request(r.Method, r.URL, r.Header, body); err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, r)
		if err := contract.Answer(r.Method, r.URL.Path, answer.Code, answer.Body.Bytes()); err != nil {
			t.Errorf("%s %s: %d %s: %v", r.Method, r.URL.Path, answer.Code, answer.Body, err)
		}
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	})
}

func TestOpenAPIDescribesClientAndSimulator(t *testing.T) {
	t.Parallel()
	var manifestation carriers.ManifestLegRequest
	var voiding carriers.VoidLegRequest
	var book carriers.BookCollectionRequest
	var cancel carriers.CancelCollectionRequest
	for _, request := range []any{&manifestation, &voiding, &book, &cancel} {
		full(reflect.ValueOf(request).Elem(), "")
	}
	simulators := map[string]struct {
		carriers.Simulator

		chaos carriers.Chaos
	}{
		"plain":             {},
		"shared number":     {Simulator: carriers.Simulator{SharedNumber: true}},
		"labels as PDF":     {Simulator: carriers.Simulator{Labels: carriers.LabelPDF}},
		"labels as PNG":     {Simulator: carriers.Simulator{Labels: carriers.LabelPNG}},
		"labels as ZPL":     {Simulator: carriers.Simulator{Labels: carriers.LabelZPL}},
		"labels by URL":     {Simulator: carriers.Simulator{Labels: carriers.LabelPDF}, chaos: carriers.Chaos{LabelURLs: true}},
		"busy":              {chaos: carriers.Chaos{Throttled: 1, RetryAfter: time.Second}},
		"failed":            {chaos: carriers.Chaos{Errors: 1}},
		"declining":         {Simulator: carriers.Simulator{Emulation: true}},
		"declining, shared": {Simulator: carriers.Simulator{Emulation: true, SharedNumber: true}},
	}
	for name, simulator := range simulators {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			carrier := client(t, contracted(t, carriers.NewServer(simulator.Simulator, "secret", simulator.chaos)), "secret")
			manifestation, voiding := manifestation, voiding
			for uncertain := range 2 { // An uncertain call asks for its result first.
				manifestation.Uncertain, voiding.Uncertain = uncertain == 1, uncertain == 1
				_, _ = carrier.ManifestLeg(t.Context(), manifestation)
				_, _ = carrier.VoidLeg(t.Context(), voiding)
				_, _ = carrier.BookCollection(t.Context(), book)
				_, _ = carrier.CancelCollection(t.Context(), cancel)
			}
			voiding.TrackingNumbers, voiding.Leg = nil, 2
			_, _ = carrier.VoidLeg(t.Context(), voiding)
			manifestation.Leg = 2 // It was taken back before.
			reply, _ := carrier.ManifestLeg(t.Context(), manifestation)
			require.Empty(t, reply.TrackingNumbers)
		})
	}
	t.Run("a wrong token", func(t *testing.T) {
		t.Parallel()
		_, err := client(t, contracted(t, carriers.NewServer(carriers.Simulator{}, "secret", carriers.Chaos{})), "other").ManifestLeg(t.Context(), manifestation)
		requireType(t, err, carriers.ErrorTypeTokenRefused)
	})
	t.Run("the smallest requests", func(t *testing.T) {
		t.Parallel()
		carrier := client(t, contracted(t, carriers.NewServer(carriers.Simulator{}, "", carriers.Chaos{})), "")
		address := shipment.Address{Name: "a", Line1: "b", City: "c", Country: "IE"}
		_, err := carrier.ManifestLeg(t.Context(), carriers.ManifestLegRequest{
			ShipmentID: "small", Leg: 1, Details: shipment.Leg{CarrierID: "c", Sender: address, Receiver: address, Collection: address},
		})
		require.NoError(t, err)
		_, err = carrier.BookCollection(t.Context(), carriers.BookCollectionRequest{
			ShipmentID: "small", Attempt: 1, CarrierID: "c", CollectionDate: "2026-11-24", TimeZone: "Europe/Dublin", Address: address, TrackingNumbers: []string{"1"},
		})
		require.NoError(t, err)
		_, err = carrier.CancelCollection(t.Context(), carriers.CancelCollectionRequest{ShipmentID: "small", Attempt: 1, CarrierID: "c"})
		require.NoError(t, err)
	})
}

func TestHTTPSendsWhatTheTableSays(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := map[string]http.Header{}
	bodies := map[string]string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		seen[r.URL.Path], bodies[r.URL.Path] = r.Header, string(body)
		says(200, asJSON, `{"trackingNumber":"1","bookingReference":"1"}`)(w, r, 1)
	}))
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL)
	require.NoError(t, err)
	carrier := carriers.NewHTTP(base, carriers.HTTPOptions{Token: "secret", Account: "A-7", Service: "Next Day"})
	trace := carriers.Trace{Parent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", State: "a=b"}
	_, err = carrier.ManifestLeg(t.Context(), carriers.ManifestLegRequest{ShipmentID: "x", Leg: 1, Trace: trace})
	require.NoError(t, err)
	_, err = carrier.VoidLeg(t.Context(), carriers.VoidLegRequest{ShipmentID: "x", Leg: 1, Trace: trace})
	require.NoError(t, err)
	_, err = carrier.BookCollection(t.Context(), carriers.BookCollectionRequest{ShipmentID: "x", Attempt: 1, Trace: trace})
	require.NoError(t, err)
	_, err = carrier.CancelCollection(t.Context(), carriers.CancelCollectionRequest{ShipmentID: "x", Attempt: 1, Trace: trace})
	require.NoError(t, err)
	require.Len(t, seen, 4)
	for path, header := range seen {
		t.Run(path, func(t *testing.T) {
			require.Equal(t, "Bearer secret", header.Get("Authorization"))
			require.Equal(t, trace.Parent, header.Get("Traceparent"))
			require.Equal(t, trace.State, header.Get("Tracestate"))
			require.Regexp(t, `^shipments/\S+$`, header.Get("User-Agent"))
			require.Contains(t, bodies[path], `"account":"A-7"`)
			require.NotContains(t, bodies[path], "trace")
			if path == "/v1/manifestations" || path == "/v1/collections" {
				require.Contains(t, bodies[path], `"service":"Next Day"`)
			}
		})
	}
}
