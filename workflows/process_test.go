package workflows_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"shipments/activities/carriers"
	"shipments/events"
	"shipments/events/streams"
	"shipments/shipment"
	"shipments/shipment/emulation"
	"shipments/shipment/sample"
	"shipments/workflows"
)

// TestProcessEnds checks every route and ending in every composition, with and
// without a carrier's first try within the workflow task.
func TestProcessEnds(t *testing.T) {
	t.Parallel()
	endings := map[emulation.Ending]struct {
		status shipment.Status
		story  []string
		faults []shipment.Fault
	}{
		emulation.Succeeds:              {shipment.Success, successStory, nil},
		emulation.DeclinesManifestation: {shipment.Failed, []string{"accepted", "failed"}, []shipment.Fault{manifestationFault}},
		emulation.DeclinesCollection:    {shipment.Failed, bookingStory, []shipment.Fault{bookingFault}},
	}
	legs := map[emulation.Route]int{emulation.Domestic: 1, emulation.Paperless: 2, emulation.International: 2}
	for route := range legs {
		for ending, want := range endings {
			id := emulation.NewID(route, "ends", ending)
			t.Run(id, func(t *testing.T) {
				t.Parallel()
				var first *shipment.Result
				for _, composition := range compositions {
					for _, firstTry := range []bool{true, false} {
						b := setup(t, composition)
						b.settings.CarrierFirstTry = firstTry
						result := b.run(t, created("e-1", sample.Shipment(id, now)))
						require.Equal(t, want.status, result.Status, composition)
						if want.status == shipment.Success {
							require.Len(t, result.Outcome.ManifestedLegs, legs[route])
						} else {
							require.Equal(t, want.faults, result.Failure.Faults)
						}
						require.Equal(t, want.story, b.story(t, id), composition)
						status, err := streams.ReadStatus(t.Context(), b.JS, id)
						require.NoError(t, err)
						require.Equal(t, result, status, "the status is what the workflow returned")
						if first == nil {
							first = &result
						}
						require.Equal(t, *first, result, "%s, first try %t: the outcome is the same in each", composition, firstTry)
					}
				}
			})
		}
	}
}

func TestProcessHandsOverTheInvoiceWithPaperlessTradeAlone(t *testing.T) {
	t.Parallel()
	paperless := emulation.NewID(emulation.Paperless, "invoice", emulation.Succeeds)
	for id, want := range map[string]string{
		emulation.NewID(emulation.Domestic, "invoice", emulation.Succeeds): "",
		paperless:     publicURL + "/shipment-documents/" + paperless + "_pt_invoice",
		international: "",
	} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			b := setup(t, "none")
			var mu sync.Mutex
			var handed []string
			b.carrier.manifest = func(call carriers.ManifestLegRequest) (carriers.ManifestLegReply, error) {
				mu.Lock()
				defer mu.Unlock()
				handed = append(handed, call.InvoiceURL)
				return carriers.ManifestLegReply{TrackingNumbers: []string{"1"}}, nil
			}
			result := b.run(t, created("e-1", sample.Shipment(id, now)))
			require.Equal(t, shipment.Success, result.Status)
			require.NotEmpty(t, handed)
			for _, url := range handed {
				require.Equal(t, want, url)
			}
		})
	}
}

func TestProcessSchedulesTheCollection(t *testing.T) {
	t.Parallel()
	t.Run("one that cannot be booked fails before manifestation", func(t *testing.T) {
		t.Parallel()
		b := setup(t, "all")
		b.settings.Rules = shipment.Rules{Carriers: sample.Carriers()}
		s := sample.Shipment(international, now)
		s.CollectionDate = "2036-11-23" // today; the cut-off was at noon in Berlin
		result := b.run(t, created("e-1", s))
		require.Equal(t, []shipment.Fault{*shipment.NewFault("Shipment cannot be scheduled for collection booking", "3.4.5: Missed booking cut-off time")}, result.Failure.Faults)
		require.Equal(t, []string{"accepted", "failed"}, b.story(t, international))
		require.Empty(t, b.carrier.calls)
	})
	t.Run("without emulation the timer follows the booking window", func(t *testing.T) {
		t.Parallel()
		b := setup(t, "none")
		b.settings.Rules = shipment.Rules{Carriers: sample.Carriers()}
		result := b.run(t, created("e-1", sample.Shipment(international, now)))
		require.Equal(t, shipment.Success, result.Status)
		require.Equal(t, "2036-11-23T17:00:00Z", b.env.Now().UTC().Truncate(time.Minute).Format(time.RFC3339), "18:00 in Berlin")
	})
}

func TestProcessFailsACollectionThatIsTooFarAhead(t *testing.T) {
	t.Parallel()
	for _, emulation := range []bool{true, false} {
		t.Run(fmt.Sprintf("emulation %t", emulation), func(t *testing.T) {
			t.Parallel()
			b := setup(t, "none")
			b.settings.Rules = shipment.Rules{Emulation: emulation, Carriers: sample.Carriers(), CollectionHorizon: 90 * 24 * time.Hour}
			s := sample.Shipment(international, now)
			s.CollectionDate = "2203-01-15"
			result := b.run(t, created("e-1", s))
			require.Equal(t, shipment.Failed, result.Status)
			require.Contains(t, result.Failure.Faults[0].Errors[0], "invalid-collection-date at /collectionDate: 2203-01-15 is too far ahead")
			require.Equal(t, []string{"accepted", "failed"}, b.story(t, international))
			require.Empty(t, b.carrier.calls)
		})
	}
}

func TestProcessFailsAnInvalidShipment(t *testing.T) {
	t.Parallel()
	b := setup(t, "all")
	s := sample.Shipment(international, now)
	s.Legs[0].CarrierID = "nobody"
	result := b.run(t, created("e-1", s))
	require.Equal(t, shipment.Failed, result.Status)
	require.Contains(t, result.Failure.Faults[0].Errors[0], shipment.CodeUnknownCarrier)
	require.Equal(t, []string{"accepted", "failed"}, b.story(t, international))
}

func TestProcessIgnoresRepeats(t *testing.T) {
	t.Parallel()
	b := setup(t, "all")
	s := sample.Shipment(international, now)
	result := b.run(t, created("e-1", s), created("e-1", s), created("e-2", s), created("e-1", s))
	require.Equal(t, shipment.Success, result.Status)
	require.Equal(t, successStory, b.story(t, international))
	require.Empty(t, b.Rejections(t))
}

func TestProcessRejectsConflictsOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, "all")
	s := sample.Shipment(international, now)
	other := sample.Shipment(international, now)
	other.Packages[0].WeightGrams++
	ev, err := events.NewCreated("e-2", "/team", now, other)
	require.NoError(t, err)
	sequence, err := b.publisher.PublishCreated(t.Context(), ev, international)
	require.NoError(t, err)
	conflict := created("e-2", other)
	conflict.StreamSequence = sequence

	unpublished := created("e-3", other)
	result := b.run(t, created("e-1", s), conflict, conflict, unpublished)
	require.Equal(t, shipment.Success, result.Status)
	rejections := b.Rejections(t)
	require.Len(t, rejections, 2)
	slices.SortFunc(rejections, func(a, b streams.StoredRejection) int {
		return int(b.Input.StreamSequence) - int(a.Input.StreamSequence)
	})
	require.Equal(t, events.CodeConflict, rejections[0].Reasons[0].Code)
	require.Equal(t, sequence, rejections[0].Input.StreamSequence)
	require.Equal(t, "shipments.created."+international, rejections[0].Input.Subject)
	require.Contains(t, rejections[0].Reasons[0].Message, "e-1")
	require.Contains(t, string(rejections[1].Input.Data), "e-3", "an event that was never in the stream is kept too")
}

func TestProcessOfAClaimedShipmentHasNoEffect(t *testing.T) {
	t.Parallel()
	heavier := sample.Shipment(international, now)
	heavier.Packages[0].WeightGrams++
	tests := map[string]struct {
		again    workflows.CreatedSignal
		status   shipment.Status
		rejected int
	}{
		"same event":    {created("e-1", sample.Shipment(international, now)), shipment.Duplicate, 0},
		"same content":  {created("e-2", sample.Shipment(international, now)), shipment.Duplicate, 0},
		"other content": {created("e-3", heavier), shipment.Rejected, 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, "all")
			_, err := b.publisher.PublishOnce(t.Context(), events.Outcome{ // by a run that Temporal has forgotten
				Lineage: events.Lineage{ShipmentID: international, RunID: "forgotten", CausationID: "e-1", CorrelationID: "order-7"},
				Type:    events.TypeAccepted, Sequence: 1, Time: now,
				Data: events.Accepted{
					ShipmentID: international, Category: shipment.International, WorkflowID: "w", RunID: "forgotten",
					Trigger: events.EventRef{ID: "e-1", Source: "/team"}, ContentDigest: sample.Shipment(international, now).Digest(),
				},
			})
			require.NoError(t, err)
			result := b.run(t, test.again)
			require.Equal(t, test.status, result.Status)
			require.Equal(t, []string{"accepted"}, b.story(t, international))
			require.Empty(t, b.carrier.calls)
			require.Len(t, b.Rejections(t), test.rejected)
		})
	}
}

func TestProcessFailsOnASignalForAnotherShipment(t *testing.T) {
	t.Parallel()
	b := setup(t, "none")
	other := emulation.NewID(emulation.International, "other", emulation.Succeeds)
	b.env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: shipment.ProcessID(international)})
	b.env.RegisterDelayedCallback(func() {
		b.env.SignalWorkflow(workflows.SignalCreated, created("e-1", sample.Shipment(other, now)))
	}, 0)
	b.env.ExecuteWorkflow(workflows.ShipmentProcess, workflows.ProcessInput{Settings: b.settings})
	require.ErrorContains(t, b.env.GetWorkflowError(), other)
	require.Empty(t, b.story(t, other))
}

func TestWorkflowIDsOfTwoShipmentsNeverMeet(t *testing.T) {
	t.Parallel()
	require.NotEqual(t, shipment.ProcessID("a-manifestation"), shipment.ProcessID("a")+".manifestation")
	require.False(t, shipment.ValidID("a.manifestation"))
}

func TestCarrierCall(t *testing.T) {
	t.Parallel()
	t.Run("is retried until the carrier answers", func(t *testing.T) {
		t.Parallel()
		b := setup(t, "none")
		attempts := 0
		b.carrier.manifest = func(call carriers.ManifestLegRequest) (carriers.ManifestLegReply, error) {
			if attempts++; attempts < 10 { // the test environment's own limit
				return carriers.ManifestLegReply{}, errors.New("no answer")
			}
			return carriers.ManifestLegReply{TrackingNumbers: []string{"1"}}, nil
		}
		domestic := emulation.NewID(emulation.Domestic, "busy", emulation.Succeeds)
		result := b.run(t, created("e-1", sample.Shipment(domestic, now)))
		require.Equal(t, shipment.Success, result.Status)
		require.Equal(t, 10, attempts)
	})
	t.Run("becomes an activity only when its first try fails", func(t *testing.T) {
		t.Parallel()
		inBoth(t, func(t *testing.T, composition string) {
			b := setup(t, composition)
			var attempts atomic.Int64
			b.carrier.manifest = func(call carriers.ManifestLegRequest) (carriers.ManifestLegReply, error) {
				if call.Leg == 1 && attempts.Add(1) == 1 {
					return carriers.ManifestLegReply{}, errors.New("no answer")
				}
				return carriers.ManifestLegReply{TrackingNumbers: []string{"1"}}, nil
			}
			var names []string
			b.env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
				names = append(names, info.ActivityType.Name)
			})
			result := b.run(t, created("e-1", sample.Shipment(international, now)))
			require.Equal(t, shipment.Success, result.Status)
			require.Equal(t, []string{"ManifestLeg"}, names, "leg 2 and the booking were answered at once")
			require.EqualValues(t, 2, attempts.Load())
		})
	})
}
