package workflows_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"shipments/activities/carriers"
	"shipments/shipment"
	"shipments/shipment/emulation"
	"shipments/shipment/sample"
)

func TestCarrierCallRepeatsAnUncertainFirstTry(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err       error
		uncertain bool
	}{
		"a lost reply":        {temporal.NewApplicationError("lost", carriers.ErrorTypeReplyLost), true},
		"an unknown error":    {errors.New("something"), true},
		"a busy carrier":      {temporal.NewApplicationError("busy", carriers.ErrorTypeBusy), false},
		"an unreachable one":  {temporal.NewApplicationError("refused", carriers.ErrorTypeUnreachable), false},
		"a failed one":        {temporal.NewApplicationError("500", carriers.ErrorTypeFailed), false},
		"a label not fetched": {temporal.NewApplicationError("404", carriers.ErrorTypeLabelMissing), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, "none")
			var mu sync.Mutex
			var repeats []carriers.ManifestLegRequest
			tried := map[int]bool{}
			b.carrier.manifest = func(call carriers.ManifestLegRequest) (carriers.ManifestLegReply, error) {
				mu.Lock()
				defer mu.Unlock()
				if !tried[call.Leg] {
					tried[call.Leg] = true
					return carriers.ManifestLegReply{}, test.err
				}
				repeats = append(repeats, call)
				return carriers.ManifestLegReply{TrackingNumbers: []string{"1", "2"}}, nil
			}
			ev := created("e-1", sample.Shipment(international, now))
			ev.Event.Data.Reference = "PO 7"
			ev.Event.TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
			require.Equal(t, shipment.Success, b.run(t, ev).Status)
			require.Len(t, repeats, 2)
			for _, call := range repeats {
				require.Equal(t, test.uncertain, call.Uncertain)
				require.Equal(t, "PO 7", call.Reference)
				require.Equal(t, ev.Event.TraceParent, call.Trace.Parent)
			}
		})
	}
}

func TestCompensationForARefusalAfterALostReply(t *testing.T) {
	t.Parallel()
	inBoth(t, func(t *testing.T, composition string) {
		b := setup(t, composition)
		var posts, voids atomic.Int32
		carrier := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path == "/v1/manifestation-voids":
				voids.Add(1)
			case r.Method == http.MethodGet:
				http.NotFound(w, r) // It knows no results.
			case posts.Add(1) == 1:
				panic(http.ErrAbortHandler) // The effect, and a lost reply.
			default:
				w.WriteHeader(http.StatusUnprocessableEntity)
				_, _ = w.Write([]byte(`{"message":"duplicate shipment"}`))
			}
		}))
		t.Cleanup(carrier.Close)
		base, err := url.Parse(carrier.URL)
		require.NoError(t, err)
		client := carriers.NewHTTP(base, carriers.HTTPOptions{})
		b.carrier.manifest = func(call carriers.ManifestLegRequest) (carriers.ManifestLegReply, error) {
			return client.ManifestLeg(t.Context(), call)
		}
		b.carrier.void = func(call carriers.VoidLegRequest) (carriers.VoidLegReply, error) {
			return client.VoidLeg(t.Context(), call)
		}
		result := b.run(t, created("e-1", sample.Shipment(emulation.NewID(emulation.Domestic, "lost", emulation.Succeeds), now)))
		require.Equal(t, shipment.Failed, result.Status)
		require.Equal(t, []shipment.Fault{*shipment.NewFault("Carrier declined the call", "HTTP 422: duplicate shipment")}, result.Failure.Faults)
		require.NotNil(t, result.Failure.Compensation)
		require.Len(t, result.Failure.Compensation.Voided, 1, "what the first call did does not stand")
		require.EqualValues(t, 1, voids.Load())
	})
}
