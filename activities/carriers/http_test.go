package carriers_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"shipments/activities/carriers"
	"shipments/shipment/emulation"
)

// client makes an HTTP client of a carrier that a handler serves.
func client(t *testing.T, handler http.Handler, token string) *carriers.HTTP {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL)
	require.NoError(t, err)
	c := carriers.NewHTTP(base, carriers.HTTPOptions{Token: token, Timeout: 30 * time.Second})
	c.SetPauses(time.Millisecond, time.Second)
	return c
}

func TestHTTPAnswersLikeTheSimulator(t *testing.T) {
	t.Parallel()
	simulator := carriers.Simulator{Emulation: true}
	server := carriers.NewServer(simulator, "secret", carriers.Chaos{})
	carrier := client(t, server, "secret")
	unmanifested := emulation.NewID(emulation.International, "a", emulation.DeclinesManifestation)
	uncollected := emulation.NewID(emulation.International, "a", emulation.DeclinesCollection)
	for _, id := range []string{goesWell, unmanifested} {
		t.Run("manifest "+id, func(t *testing.T) {
			want, err := simulator.ManifestLeg(t.Context(), manifest(id, 1))
			require.NoError(t, err)
			for range 3 { // Repeats have the same answer.
				got, err := carrier.ManifestLeg(t.Context(), manifest(id, 1))
				require.NoError(t, err)
				require.Equal(t, want, got)
			}
		})
	}
	for _, id := range []string{goesWell, uncollected} {
		t.Run("book "+id, func(t *testing.T) {
			request := carriers.BookCollectionRequest{ShipmentID: id, Attempt: 1}
			want, err := simulator.BookCollection(t.Context(), request)
			require.NoError(t, err)
			got, err := carrier.BookCollection(t.Context(), request)
			require.NoError(t, err)
			require.Equal(t, want, got)
		})
	}
	t.Run("undo", func(t *testing.T) {
		voided, err := carrier.VoidLeg(t.Context(), carriers.VoidLegRequest{ShipmentID: goesWell, Leg: 1})
		require.NoError(t, err)
		require.False(t, voided.WasDeclined())
		cancelled, err := carrier.CancelCollection(t.Context(), carriers.CancelCollectionRequest{ShipmentID: goesWell, Attempt: 1})
		require.NoError(t, err)
		require.False(t, cancelled.WasDeclined())
	})
	effects, repeats := server.Effects()
	require.Equal(t, map[string]int{
		goesWell + "/leg-1/manifest": 1, unmanifested + "/leg-1/manifest": 1,
		goesWell + "/leg-1/book-collection": 1, uncollected + "/leg-1/book-collection": 1,
		goesWell + "/leg-1/void": 1, goesWell + "/leg-1/cancel-collection": 1,
	}, effects)
	require.Equal(t, 4, repeats)
}

func TestHTTPAsksForALostReply(t *testing.T) {
	t.Parallel()
	server := carriers.NewServer(carriers.Simulator{}, "", carriers.Chaos{Dropped: 1})
	carrier := client(t, server, "")
	got, err := carrier.ManifestLeg(t.Context(), manifest(goesWell, 1))
	require.NoError(t, err, "the reply was dropped, and asked for")
	require.Len(t, got.TrackingNumbers, 2)
	effects, repeats := server.Effects()
	require.Equal(t, map[string]int{goesWell + "/leg-1/manifest": 1}, effects)
	require.Zero(t, repeats, "the call was not made again")
}

func TestHTTPAnswers(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status   int
		header   string
		body     string
		declined string
		retry    time.Duration
	}{
		"declined with codes":    {status: 422, body: `{"description":"No","errors":["7.7: no"]}`, declined: "No"},
		"declined without codes": {status: 400, body: `<html>`, declined: "Carrier declined the call"},
		"busy":                   {status: 429, header: "7", retry: 7 * time.Second},
		"down for maintenance":   {status: 503, header: "90000", retry: time.Hour},
		"busy without a time":    {status: 429},
		"internal error":         {status: 500, body: `{"description":"No","errors":["x"]}`},
		"wrong token":            {status: 401, body: `{"description":"No","errors":["x"]}`},
		"wrong URL":              {status: 404},
		"not JSON":               {status: 200, body: "<html>"},
		"no tracking number":     {status: 200, body: "{}"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			carrier := client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost && r.Header.Get("Idempotency-Key") == "" {
					t.Error("a call without a key")
				}
				if test.header != "" {
					w.Header().Set("Retry-After", test.header)
				}
				w.WriteHeader(test.status)
				_, _ = w.Write([]byte(test.body))
			}), "")
			reply, err := carrier.ManifestLeg(t.Context(), manifest(goesWell, 1))
			if test.declined != "" {
				require.NoError(t, err)
				require.Equal(t, test.declined, reply.Declined.Description)
				return
			}
			require.Error(t, err)
			require.Nil(t, reply.Declined, "a technical fault is no business outcome")
			var application *temporal.ApplicationError
			if test.retry > 0 {
				require.ErrorAs(t, err, &application)
				require.Equal(t, test.retry, application.NextRetryDelay())
			}
		})
	}
}

func TestServerKeepsAKeyForOneCall(t *testing.T) {
	t.Parallel()
	carrier := client(t, carriers.NewServer(carriers.Simulator{}, "", carriers.Chaos{}), "")
	_, err := carrier.ManifestLeg(t.Context(), manifest(goesWell, 1))
	require.NoError(t, err)
	other := manifest(goesWell, 1)
	other.Packages = nil
	reply, err := carrier.ManifestLeg(t.Context(), other)
	require.NoError(t, err)
	require.Equal(t, "Key in use", reply.Declined.Description)
}
