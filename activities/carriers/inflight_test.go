package carriers_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"shipments/activities/carriers"
	"shipments/activities/pace"
)

func TestHTTPFinishesARequestInFlight(t *testing.T) {
	t.Parallel()
	// slow is a carrier that has got a request and answers it once released.
	slow := func(t *testing.T, result respond) (c *carrier, got, release chan struct{}) {
		t.Helper()
		got, release = make(chan struct{}), make(chan struct{})
		c = newCarrier(t, func(w http.ResponseWriter, r *http.Request, n int) {
			close(got)
			select {
			case <-release:
				says(200, asJSON, `{"trackingNumbers":["1","2"]}`)(w, r, n)
			case <-r.Context().Done(): // The client gave up.
			}
		}, result)
		return c, got, release
	}
	type ended struct {
		reply carriers.ManifestLegReply
		err   error
	}
	begin := func(ctx context.Context, c *carrier) chan ended {
		done := make(chan ended, 1)
		go func() {
			reply, err := c.ManifestLeg(ctx, manifest(goesWell, 1))
			done <- ended{reply, err}
		}()
		return done
	}
	t.Run("after a cancellation", func(t *testing.T) {
		t.Parallel()
		c, got, release := slow(t, nil)
		c.SetPauses(time.Millisecond, time.Minute)
		ctx, cancel := context.WithCancel(t.Context())
		done := begin(ctx, c)
		<-got
		cancel()
		select {
		case <-done:
			t.Fatal("the call did not wait for its request")
		case <-time.After(50 * time.Millisecond):
		}
		close(release)
		e := <-done
		require.NoError(t, e.err)
		require.Equal(t, []string{"1", "2"}, e.reply.TrackingNumbers)
	})
	t.Run("after its deadline", func(t *testing.T) {
		t.Parallel()
		c, got, release := slow(t, nil)
		c.SetPauses(time.Millisecond, time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second) // Time enough for the request to begin.
		defer cancel()
		done := begin(ctx, c)
		select {
		case <-got:
		case e := <-done:
			t.Fatalf("the request did not begin in time: %v", e.err)
		}
		<-ctx.Done()
		close(release)
		require.NoError(t, (<-done).err)
	})
	t.Run("for the grace alone", func(t *testing.T) {
		t.Parallel()
		c, got, _ := slow(t, nil)
		c.SetPauses(time.Millisecond, 50*time.Millisecond)
		ctx, cancel := context.WithCancel(t.Context())
		done := begin(ctx, c)
		<-got
		cancel()
		e := <-done
		requireType(t, e.err, carriers.ErrorTypeReplyLost)
		require.True(t, carriers.MayHaveHadEffect(e.err), "what it may have done is undone")
	})
	t.Run("and asks for a reply that is lost meanwhile", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		c := newCarrier(t, func(w http.ResponseWriter, r *http.Request, n int) {
			cancel()
			cuts(w, r, n)
		}, says(200, asJSON, `{"status":200,"body":{"trackingNumbers":["1","2"]}}`))
		c.SetPauses(time.Millisecond, time.Minute)
		reply, err := c.ManifestLeg(ctx, manifest(goesWell, 1))
		require.NoError(t, err)
		require.Equal(t, []string{"1", "2"}, reply.TrackingNumbers)
	})
}

// slowTransport answers a call after a time, or loses its reply then, and every request
// for a result after another time. It stands for a network under a clock that the test
// has sped up.
type slowTransport struct {
	call, result time.Duration
	body         string // of the call; its reply is lost without one
}

func (s slowTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	httptrace.ContextClientTrace(r.Context()).WroteHeaders()
	took, body := s.call, s.body
	if r.Method == http.MethodGet {
		took, body = s.result, `{"status":200,"body":{"trackingNumbers":["9","10"]}}`
	}
	if !pace.Sleep(r.Context(), took) {
		return nil, r.Context().Err()
	}
	if body == "" {
		return nil, io.ErrUnexpectedEOF
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {asJSON}}, Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}, nil
}

func TestHTTPWaitsForARequestWhateverItsTimeout(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		timeout, took time.Duration
		transport     slowTransport
		number        string // nothing if the reply is lost for good
	}{
		"the default, answered in time": {
			timeout: 0, transport: slowTransport{call: 29 * time.Second, body: `{"trackingNumbers":["1","2"]}`}, took: 29 * time.Second, number: "1",
		},
		"ten minutes, answered in time": {
			timeout: 10 * time.Minute, transport: slowTransport{call: 599 * time.Second, body: `{"trackingNumbers":["1","2"]}`},
			took: 599 * time.Second, number: "1",
		},
		"ten minutes, and the reply is lost": {
			timeout: 10 * time.Minute, transport: slowTransport{call: 599 * time.Second, result: 590 * time.Second},
			took: (599 + 590) * time.Second, number: "9",
		},
		"ten minutes, and there was no answer": {
			timeout: 10 * time.Minute, transport: slowTransport{call: time.Hour, result: time.Second}, took: 601 * time.Second, number: "9",
		},
		"more than is possible": {
			timeout: time.Hour, transport: slowTransport{call: 2 * time.Hour, result: 2 * time.Hour}, took: 2 * carriers.MaxTimeout,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client := carriers.NewHTTP(&url.URL{Scheme: "http", Host: "carrier.example"}, carriers.HTTPOptions{Timeout: test.timeout})
				client.SetTransport(test.transport)
				began := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				reply, err := client.ManifestLeg(ctx, manifest(goesWell, 1))
				require.Equal(t, test.took, time.Since(began))
				if test.number == "" {
					requireType(t, err, carriers.ErrorTypeReplyLost)
					return
				}
				require.NoError(t, err)
				require.Equal(t, test.number, reply.TrackingNumbers[0])
			})
		})
	}
}

func TestHTTPBeginsNothingTooLate(t *testing.T) {
	t.Parallel()
	t.Run("once its context has ended", func(t *testing.T) {
		t.Parallel()
		c := newCarrier(t, says(200, asJSON, `{}`), nil)
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := c.ManifestLeg(cancelled, manifest(goesWell, 1))
		require.ErrorIs(t, err, context.Canceled)
		late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
		defer cancel()
		_, err = c.VoidLeg(late, void)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Empty(t, c.calls)
	})
	t.Run("after an answer that cannot be read", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		c := newCarrier(t, func(w http.ResponseWriter, r *http.Request, n int) {
			cancel()
			says(200, "text/html", "<html>")(w, r, n)
		}, nil)
		c.SetPauses(time.Minute, time.Minute)
		_, err := c.ManifestLeg(ctx, manifest(goesWell, 1))
		requireType(t, err, carriers.ErrorTypeUnreadable)
		require.Equal(t, 1, c.posts())
	})
}

// A worker dies with a request in flight, and the deadline passes before the next
// attempt: that one makes no call, but asks what became of the first.
func TestHTTPAsksForTheResultAfterTheDeadline(t *testing.T) {
	t.Parallel()
	const done = `{"status":200,"body":{"trackingNumbers":["1","2"]}}`
	for name, test := range map[string]struct {
		results  []respond // the answers to the questions for the result
		number   string
		declined string
		wrong    string
	}{
		"it is there":           {results: []respond{says(200, asJSON, done)}, number: "1"},
		"it comes later":        {results: []respond{says(409, "", ""), says(202, "", ""), says(200, asJSON, done)}, number: "1"},
		"it was declined":       {results: []respond{says(200, asJSON, `{"status":422,"body":{"description":"No","errors":["7"]}}`)}, declined: "No"},
		"there is none":         {results: []respond{says(404, "", "")}, wrong: context.DeadlineExceeded.Error()},
		"the carrier is broken": {results: []respond{says(500, "", "")}, wrong: "500 Internal Server Error"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCarrier(t, says(200, asJSON, `{}`), inTurn(test.results...))
			c.SetPauses(time.Millisecond, time.Minute)
			var reply carriers.ManifestLegReply
			var err error
			call := func(ctx context.Context) error {
				if activity.GetInfo(ctx).Attempt == 1 {
					return errors.New("the worker dies")
				}
				late, cancel := context.WithDeadline(ctx, time.Now().Add(-time.Second))
				defer cancel()
				reply, err = c.ManifestLeg(late, manifest(goesWell, 1))
				return nil
			}
			var suite testsuite.WorkflowTestSuite
			env := suite.NewTestWorkflowEnvironment()
			env.SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: 30 * time.Second})
			env.SetTestTimeout(30 * time.Second)
			env.RegisterActivityWithOptions(call, activity.RegisterOptions{Name: "call"})
			env.ExecuteWorkflow(func(ctx workflow.Context) error {
				ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
				return workflow.ExecuteActivity(ctx, "call").Get(ctx, nil)
			})
			require.NoError(t, env.GetWorkflowError())
			require.Zero(t, c.posts(), "no call after the deadline")
			require.Len(t, c.calls, len(test.results))
			switch {
			case test.wrong != "":
				require.ErrorContains(t, err, test.wrong)
			case test.declined != "":
				require.NoError(t, err)
				require.Equal(t, test.declined, reply.Declined.Description)
			default:
				require.NoError(t, err)
				require.Equal(t, test.number, reply.TrackingNumbers[0])
			}
		})
	}
}
