package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/shipment"
)

func TestStatusShowsWhatCouldNotBeUndone(t *testing.T) {
	t.Parallel()
	compensation := &shipment.Compensation{
		NotCancelled: shipment.NewFault("Carrier gives no answer", "timeout"),
		Voided:       []shipment.VoidedLeg{{CarrierID: "one", TrackingNumbers: []string{"T1", "T2"}}},
		Standing:     []shipment.StandingLeg{{CarrierID: "three", TrackingNumbers: []string{"T3"}}},
		NotVoided: []shipment.NotVoidedLeg{{
			VoidedLeg: shipment.VoidedLeg{CarrierID: "two"}, Fault: *shipment.NewFault("Carrier void failed", "9: too late", "9b"),
		}},
	}
	const undone = `NOT cancelled  the collection: talk to the carrier
  because      Carrier gives no answer
  error        timeout
Voided         the leg of carrier one, tracking T1 T2
Stands         the leg of carrier three, tracking T3: nobody collects it
NOT voided     the leg of carrier two: talk to the carrier
  because      Carrier void failed
  error        9: too late
  error        9b
`
	for name, test := range map[string]struct {
		result shipment.Result
		want   string
	}{
		"after a failure": {
			shipment.Result{ShipmentID: "c1", Status: shipment.Failed, Failure: &shipment.Failure{
				Faults: []shipment.Fault{*shipment.NewFault("Carrier collection booking failed")}, Compensation: compensation,
			}},
			"Shipment       c1\nStatus         Failure\nFault          Carrier collection booking failed\n" + undone,
		},
		"after a cancellation": {
			shipment.Result{ShipmentID: "c1", Status: shipment.Cancelled, Cancellation: &shipment.Cancellation{Reason: "returned",
				Compensation: compensation}},
			"Shipment       c1\nStatus         Cancelled\nReason         returned\n" + undone,
		},
		"all was undone": {
			shipment.Result{ShipmentID: "c1", Status: shipment.Cancelled, Cancellation: &shipment.Cancellation{
				Reason: "returned", Compensation: &shipment.Compensation{CollectionCancelled: true, Voided: compensation.Voided},
			}},
			"Shipment   c1\nStatus     Cancelled\nReason     returned\nCancelled  the collection\nVoided     the leg of carrier one, tracking T1 T2\n",
		},
		"nothing had to be": {
			shipment.Result{ShipmentID: "c1", Status: shipment.Failed, Failure: &shipment.Failure{}}, "Shipment  c1\nStatus    Failure\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			require.NoError(t, printResult(&out, test.result, false))
			require.Equal(t, test.want, out.String())
		})
	}
}

func TestStatusShowsWhatIsWaitedFor(t *testing.T) {
	t.Parallel()
	until := time.Date(2026, 11, 30, 18, 0, 0, 0, time.Local)
	legs := []shipment.ManifestedLeg{{CarrierID: "one", TrackingNumbers: []string{"T1", "T2"}, LabelsURL: "http://l1"}}
	papers := &shipment.Documents{LabelsURL: "http://l", ReceiptURL: "http://r", CombinedDocumentURL: "http://c"}
	for name, test := range map[string]struct {
		progress shipment.Progress
		want     []string
	}{
		"the time to book": {
			shipment.Progress{Stage: shipment.StageCollection, Since: until, WaitsFor: shipment.WaitBookingTime, Until: &until, BookingAt: &until,
				ManifestedLegs: legs, ShipmentDocuments: papers},
			[]string{"collection, since 2026-11-30 18:00:00", "for the time at which its collection is booked: 2026-11-30 18:00:00", "carrier one",
				"T1 T2", "http://l1", "http://l", "http://r", "http://c"},
		},
		"carriers": {
			shipment.Progress{Stage: shipment.StageManifestation, Since: until, WaitsFor: shipment.WaitCarriers, Until: &until, BookingAt: &until},
			[]string{"for its carriers to manifest it; a carrier without an answer is given up about 2026-11-30 18:00:00",
				"of the collection due at 2026-11-30 18:00:00"},
		},
		"a rebooking": {
			shipment.Progress{Stage: shipment.StageCollection, Since: until, WaitsFor: shipment.WaitRebooking, Until: &until,
				Faults: []shipment.Fault{*shipment.NewFault("no", "1: full")}},
			[]string{"for a request to rebook its collection, until 2026-11-30 18:00:00", "Fault     no", "  error   1: full"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			require.NoError(t, printResult(&out, shipment.Result{ShipmentID: "c1", Status: shipment.Pending, Progress: &test.progress}, false))
			for _, want := range test.want {
				require.Contains(t, out.String(), want)
			}
			require.NotContains(t, out.String(), "%!")
		})
	}
	require.Equal(t, "26h3m", brief(26*time.Hour+3*time.Minute+7*time.Second))
	require.Equal(t, "4m10s", brief(4*time.Minute+10*time.Second))
}
