package e2e_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/activities/carriers"
	"shipments/cmd/devstack/harness"
	"shipments/shipment"
)

// carrierLog is a carrier system that notes which calls overlap a manifestation of
// the second leg, and how that answers.
type carrierLog struct {
	*carriers.Server

	// answer answers a call for the manifestation of the second leg.
	answer func(w http.ResponseWriter, r *http.Request)

	mu       sync.Mutex
	inFlight int
	overtook []string
	ended    []time.Time
}

func (c *carrierLog) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key := r.Header.Get("Idempotency-Key")
	c.mu.Lock()
	if c.inFlight > 0 && strings.HasSuffix(key, "/void") {
		c.overtook = append(c.overtook, key)
	}
	c.mu.Unlock()
	if !strings.HasSuffix(key, "/leg-2/manifest") {
		c.Server.ServeHTTP(w, r)
		return
	}
	c.mu.Lock()
	c.inFlight++
	c.mu.Unlock()
	c.answer(w, r)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inFlight--
	c.ended = append(c.ended, time.Now())
}

// TestCarriersAreNotOvertakenAtTheDeadline has the deadline of a call expire.
func TestCarriersAreNotOvertakenAtTheDeadline(t *testing.T) {
	const deadline = 3 * time.Second
	long := func(answer func(http.ResponseWriter, *http.Request)) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body) // Until it is read, a client that goes away is not noticed.
			r.Body = io.NopCloser(strings.NewReader(string(body)))
			select {
			case <-time.After(2 * deadline):
			case <-r.Context().Done():
			}
			answer(w, r)
		}
	}
	for name, test := range map[string]struct {
		answer func(simulator http.Handler) func(http.ResponseWriter, *http.Request)
		status shipment.Status
		fault  string
	}{
		"a request in flight that succeeds": {
			answer: func(simulator http.Handler) func(http.ResponseWriter, *http.Request) {
				return long(simulator.ServeHTTP)
			},
			status: shipment.Success,
		},
		"a request in flight that fails": {
			answer: func(http.Handler) func(http.ResponseWriter, *http.Request) {
				return long(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
			},
			status: shipment.Failed, fault: "500",
		},
		"the pause between two attempts": {
			answer: func(http.Handler) func(http.ResponseWriter, *http.Request) {
				return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
			},
			status: shipment.Failed, fault: "502",
		},
	} {
		for _, composition := range []string{"none", "all"} {
			t.Run(name+", "+composition, func(t *testing.T) {
				system := &carrierLog{Server: carriers.NewServer(carriers.Simulator{}, "", carriers.Chaos{})}
				system.answer = test.answer(system.Server)
				server := httptest.NewServer(system)
				t.Cleanup(server.Close)
				t.Setenv("SHIPMENTS_CARRIERS", harness.CarrierTable(t, server.URL, nil))
				t.Setenv("SHIPMENTS_CARRIER_FIRST_TRY", "false")
				t.Setenv("SHIPMENTS_CARRIER_DEADLINE", deadline.String())
				s := start(t, composition, 100*time.Millisecond)
				id := succeeds("deadline")
				began := time.Now()
				status, _ := s.do(t, http.MethodPost, "/"+id)
				require.Equal(t, http.StatusAccepted, status)
				result, body := s.ended(t, id)
				require.Equal(t, test.status, result.Status, string(body))
				require.Empty(t, system.overtook, "no void while the leg is being manifested")
				require.Less(t, time.Since(began), 4*deadline+2*time.Second)
				if test.status == shipment.Success {
					require.Equal(t, successStory, s.story(t, id))
					return
				}
				text, err := json.Marshal(result.Failure)
				require.NoError(t, err)
				require.Contains(t, string(text), "tried for 3s; its last answer was: ")
				require.Contains(t, result.Failure.Faults[0].Errors[0], test.fault)
				require.Len(t, result.Failure.Compensation.Voided, 2)
				for _, ended := range system.ended {
					require.Less(t, ended.Sub(began), 3*deadline+2*time.Second, "no request begins after the deadline")
				}
			})
		}
	}
}
