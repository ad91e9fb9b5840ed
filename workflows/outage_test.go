package workflows_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"

	"shipments/activities/carriers"
	"shipments/events"
	"shipments/shipment"
	"shipments/shipment/emulation"
	"shipments/shipment/sample"
	"shipments/workflows"
)

// outage makes one kind of activity fail while it lasts, and counts its attempts.
type outage struct {
	interceptor.WorkerInterceptorBase

	// what is an event's type for the activities that publish, or an activity's.
	what string

	mu             sync.Mutex
	over           bool
	local, regular int
}

// fail makes one kind of activity fail from the beginning until the test says
// that it is over.
func (b *bundle) fail(what string) *outage {
	o := &outage{what: what}
	b.env.SetWorkerOptions(workerOptions(o))
	return o
}

func (o *outage) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.over = true
}

// attempts are those that failed, as local and as regular activities.
func (o *outage) attempts() (local, regular int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.local, o.regular
}

func (o *outage) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &failing{ActivityInboundInterceptorBase: interceptor.ActivityInboundInterceptorBase{Next: next}, outage: o}
}

type failing struct {
	interceptor.ActivityInboundInterceptorBase

	outage *outage
}

func (f *failing) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	info := activity.GetInfo(ctx)
	what := info.ActivityType.Name
	if outcome, ok := in.Args[0].(events.Outcome); ok {
		what = outcome.Type
	}
	o := f.outage
	o.mu.Lock()
	defer o.mu.Unlock()
	if what != o.what || o.over {
		return f.Next.ExecuteActivity(ctx, in)
	}
	if info.IsLocalActivity {
		o.local++
	} else {
		o.regular++
	}
	return nil, errors.New("JetStream is away")
}

// at does something at a time of the process.
func (b *bundle) at(after time.Duration, do func()) { b.env.RegisterDelayedCallback(do, after) }

// scheduled counts the regular activities that the process starts.
func (b *bundle) scheduled() *int {
	n := 0
	b.env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
		if info.Attempt == 1 {
			n++
		}
	})
	return &n
}

// TestOutageEndsLocalAttempts checks that no activity is tried locally for long.
// It is one regular activity then, whose retries are the server's.
func TestOutageEndsLocalAttempts(t *testing.T) {
	t.Parallel()
	for _, what := range []string{
		events.TypeAccepted, events.TypeManifested, events.TypeDocumentsGenerated, events.TypeCollectionBooked, events.TypeCompleted,
		"Generate", "RejectSignal",
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			inBoth(t, func(t *testing.T, composition string) {
				b := setup(t, composition)
				o, scheduled := b.fail(what), b.scheduled()
				b.at(2*time.Minute, o.end)
				other := sample.Shipment(international, now)
				other.Packages[0].WeightGrams++
				result := b.run(t, created("e-1", sample.Shipment(international, now)), created("e-2", other))
				require.Equal(t, shipment.Success, result.Status)
				require.Equal(t, successStory, b.story(t, international))
				require.Len(t, b.Rejections(t), 1)
				require.GreaterOrEqual(t, b.env.Now().Sub(now), 2*time.Minute)
				local, regular := o.attempts()
				require.Equal(t, 5, local)
				require.Equal(t, 1, *scheduled)
				require.Greater(t, regular, 5)
			})
		})
	}
}

// stops are the ways to stop a process.
func stops(t *testing.T, test func(t *testing.T, composition string, stop func(b *bundle, after time.Duration, id string))) {
	t.Helper()
	inBoth(t, func(t *testing.T, composition string) {
		t.Run("by a request", func(t *testing.T) {
			t.Parallel()
			test(t, composition, func(b *bundle, after time.Duration, id string) { b.request(after, cancellation("x-1", id)) })
		})
		t.Run("by an operator", func(t *testing.T) {
			t.Parallel()
			test(t, composition, func(b *bundle, after time.Duration, _ string) { b.at(after, b.env.CancelWorkflow) })
		})
	})
}

func TestOutageOfDocumentsCanBeCancelled(t *testing.T) {
	t.Parallel()
	stops(t, func(t *testing.T, composition string, stop func(*bundle, time.Duration, string)) {
		b := setup(t, composition)
		b.fail("Generate")
		stop(b, time.Minute, international)
		result := b.run(t, created("e-1", sample.Shipment(international, now)))
		require.Equal(t, shipment.Cancelled, result.Status)
		require.Less(t, b.env.Now().Sub(now), time.Minute+5*time.Second, "at once")
		require.Len(t, result.Cancellation.Compensation.Voided, 2)
		require.NotContains(t, b.carrier.calls, international+"/leg-1/cancel-collection")
		require.Equal(t, []string{"accepted", "manifested", "manifestation-voided", "cancelled"}, b.story(t, international))
	})
}

// The legs are voided at once, whatever JetStream does.
func TestOutageOfDocumentsAndPublicationsCanBeCancelled(t *testing.T) {
	t.Parallel()
	inBoth(t, func(t *testing.T, composition string) {
		b := setup(t, composition)
		o := b.fail("Generate")
		b.at(time.Minute, func() {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.what = "OutcomePublished"
			b.env.CancelWorkflow()
		})
		b.at(time.Minute+5*time.Second, func() {
			require.Len(t, b.carrier.purposes("void"), 2)
			o.end()
		})
		result := b.run(t, created("e-1", sample.Shipment(international, now)))
		require.Equal(t, shipment.Cancelled, result.Status)
		require.Equal(t, []string{"accepted", "manifested", "manifestation-voided", "cancelled"}, b.story(t, international))
	})
}

func TestOutageOfTheInvoiceCanBeCancelled(t *testing.T) {
	t.Parallel()
	id := emulation.NewID(emulation.Paperless, "invoice", emulation.Succeeds)
	stops(t, func(t *testing.T, composition string, stop func(*bundle, time.Duration, string)) {
		b := setup(t, composition)
		b.fail("Generate")
		stop(b, time.Minute, id)
		result := b.run(t, created("e-1", sample.Shipment(id, now)))
		require.Equal(t, shipment.Cancelled, result.Status)
		require.Less(t, b.env.Now().Sub(now), time.Minute+5*time.Second, "at once")
		require.Empty(t, b.carrier.purposes("manifest"))
		if composition == "all" {
			require.Equal(t, []string{"accepted", "cancelled"}, b.story(t, id))
			return
		}
		// A task that was lost may have manifested the legs.
		require.Len(t, result.Cancellation.Compensation.Voided, 2)
		require.Equal(t, []string{"accepted", "manifestation-voided", "cancelled"}, b.story(t, id))
	})
}

func TestOutageOfThePublicationThatIsUnderWayPrecedesACancellation(t *testing.T) {
	t.Parallel()
	for what, want := range map[string][]string{
		events.TypeManifested:         {"accepted", "manifested", "manifestation-voided", "cancelled"},
		events.TypeDocumentsGenerated: {"accepted", "manifested", "documents-generated", "manifestation-voided", "cancelled"},
		events.TypeCollectionBooked:   {"accepted", "manifested", "documents-generated", "collection-booked", "manifestation-voided", "cancelled"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			stops(t, func(t *testing.T, composition string, stop func(*bundle, time.Duration, string)) {
				b := setup(t, composition)
				o := b.fail(what)
				stop(b, time.Minute, international)
				b.at(2*time.Minute, o.end)
				result := b.run(t, created("e-1", sample.Shipment(international, now)))
				require.Equal(t, shipment.Cancelled, result.Status)
				require.GreaterOrEqual(t, b.env.Now().Sub(now), 2*time.Minute)
				require.Equal(t, want, b.story(t, international), "what has happened is published, and nothing more is begun")
				require.Len(t, result.Cancellation.Compensation.Voided, 2)
				require.Equal(t, what == events.TypeCollectionBooked, result.Cancellation.Compensation.CollectionCancelled)
				require.Empty(t, b.Rejections(t))
			})
		})
	}
}

func TestOutageOfTheClaimPrecedesACancellation(t *testing.T) {
	t.Parallel()
	stops(t, func(t *testing.T, composition string, stop func(*bundle, time.Duration, string)) {
		b := setup(t, composition)
		o := b.fail(events.TypeAccepted)
		stop(b, time.Minute, international)
		b.at(2*time.Minute, o.end)
		result := b.run(t, created("e-1", sample.Shipment(international, now)))
		require.Equal(t, shipment.Cancelled, result.Status)
		require.Empty(t, b.carrier.purposes("manifest"))
		if composition == "all" {
			require.Equal(t, []string{"accepted", "cancelled"}, b.story(t, international))
			return
		}
		require.Equal(t, []string{"accepted", "manifestation-voided", "cancelled"}, b.story(t, international))
	})
}

func TestOutageOfTheFinalEventCannotBeCancelled(t *testing.T) {
	t.Parallel()
	for what, test := range map[string]struct {
		ending emulation.Ending
		status shipment.Status
	}{
		events.TypeCompleted: {emulation.Succeeds, shipment.Success},
		events.TypeFailed:    {emulation.DeclinesManifestation, shipment.Failed},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			stops(t, func(t *testing.T, composition string, stop func(*bundle, time.Duration, string)) {
				b := setup(t, composition)
				id := emulation.NewID(emulation.International, "final", test.ending)
				o := b.fail(what)
				stop(b, time.Minute, id)
				b.at(2*time.Minute, o.end)
				result := b.run(t, created("e-1", sample.Shipment(id, now)))
				require.Equal(t, test.status, result.Status)
				require.Empty(t, b.carrier.purposes("void"))
				require.Subset(t, []string{events.CodeShipmentEnded}, b.codes(t))
			})
		})
	}
}

// TestOutageAfterALostTask has an earlier attempt of the workflow task, which was
// lost, succeed where this one meets the outage: what it has published is there.
func TestOutageAfterALostTask(t *testing.T) {
	t.Parallel()
	const runID = "default-test-run-id"
	trigger := created("e-1", sample.Shipment(international, now))
	sequences := map[string]int{
		events.TypeManifested: 2, events.TypeDocumentsGenerated: 3, events.TypeCollectionBooked: 4, events.TypeCompleted: 5,
	}
	tests := map[string]struct {
		fails     string
		delay     time.Duration // until the collection is booked; 0 books it in the same task
		published []string
		status    shipment.Status
		story     []string
		cancelled bool // the booking, which was made or may have been
	}{
		"documents, generated by then": {
			"Generate", 20 * time.Second, []string{events.TypeDocumentsGenerated},
			shipment.Cancelled, []string{"accepted", "manifested", "documents-generated", "manifestation-voided", "cancelled"}, false,
		},
		"documents, booked by then": {
			"Generate", 0, []string{events.TypeDocumentsGenerated, events.TypeCollectionBooked},
			shipment.Success, successStory, false,
		},
		"documents, completed by then": {
			"Generate", 0, []string{events.TypeDocumentsGenerated, events.TypeCollectionBooked, events.TypeCompleted},
			shipment.Success, successStory, false,
		},
		"documents, perhaps booked": {
			"Generate", 0, nil,
			shipment.Cancelled, []string{"accepted", "manifested", "manifestation-voided", "cancelled"}, true,
		},
		"claim, manifested by then": {
			events.TypeAccepted, 20 * time.Second, []string{events.TypeManifested},
			shipment.Cancelled, []string{"accepted", "manifested", "manifestation-voided", "cancelled"}, false,
		},
		"claim, completed by then": {
			events.TypeAccepted, 0, []string{events.TypeManifested, events.TypeDocumentsGenerated, events.TypeCollectionBooked, events.TypeCompleted},
			shipment.Success, successStory, false,
		},
		"manifested, booked by then": {
			events.TypeManifested, 0, []string{events.TypeDocumentsGenerated, events.TypeCollectionBooked},
			shipment.Success, successStory, false,
		},
		"collection booked, not completed": {
			events.TypeCollectionBooked, 0, nil,
			shipment.Cancelled, []string{"accepted", "manifested", "documents-generated", "collection-booked", "manifestation-voided", "cancelled"}, true,
		},
		"collection booked, completed by then": {
			events.TypeCollectionBooked, 0, []string{events.TypeCompleted},
			shipment.Success, successStory, false,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, "none")
			b.settings.Rules.CollectionDelay = test.delay
			o := b.fail(test.fails)
			b.at(30*time.Second, func() {
				for _, eventType := range test.published {
					_, err := b.publisher.PublishOnce(t.Context(), events.Outcome{
						Lineage: events.NewLineage(trigger.Event, runID), Type: eventType, Sequence: sequences[eventType], Time: now,
						Data: map[string]string{"shipmentId": international},
					})
					require.NoError(t, err)
				}
			})
			b.request(time.Minute, cancellation("x-1", international))
			b.at(2*time.Minute, o.end)
			result := b.run(t, trigger)
			require.Equal(t, test.status, result.Status)
			require.Equal(t, test.story, b.bySequence(t, international))
			require.Equal(t, test.cancelled, len(b.carrier.purposes("cancel-collection")) > 0)
			if test.status == shipment.Success {
				require.Empty(t, b.carrier.purposes("void"))
				require.Equal(t, []string{events.CodeShipmentEnded}, b.codes(t))
			}
		})
	}
}

// While a rejection waits to be stored, the process is not at the gate.
func TestOutageOfARejectionIsNoPlaceToStop(t *testing.T) {
	t.Parallel()
	b := setup(t, "none")
	o := b.fail("RejectSignal")
	b.request(time.Second, rebooking("r-1", international, "2036-11-26")) // nothing has failed
	b.carrier.book = func(call carriers.BookCollectionRequest) (carriers.BookCollectionReply, error) {
		received := make(chan struct{})
		b.env.SignalWorkflow(workflows.SignalRequested, cancellation("x-1", international))
		b.env.RegisterDelayedCallback(func() { close(received) }, 50*time.Millisecond) // after a checkpoint
		<-received
		return carriers.Simulator{}.BookCollection(t.Context(), call)
	}
	b.at(2*time.Minute, o.end)
	result := b.run(t, created("e-1", sample.Shipment(international, now)))
	require.Equal(t, shipment.Success, result.Status)
	require.Equal(t, successStory, b.story(t, international))
	require.ElementsMatch(t, []string{events.CodeNotRebookable, events.CodeShipmentEnded}, b.codes(t))
}
