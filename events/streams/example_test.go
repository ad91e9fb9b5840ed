package streams_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"shipments/events"
	"shipments/events/eventstest"
	"shipments/events/streams"
	"shipments/shipment"
)

// An outcome event is stored once, however often its publication is repeated.
func ExamplePublisher_PublishOnce() {
	ctx := context.Background()
	server, stop, err := eventstest.Run()
	defer stop()
	if err != nil {
		log.Print(err)
		return
	}
	if _, err := streams.Provision(ctx, server.JS, 1); err != nil {
		log.Print(err)
		return
	}
	publisher := streams.NewPublisher(server.JS, "http://127.0.0.1:43210")
	outcome := events.Outcome{
		Type:     events.TypeFailed,
		Lineage:  events.Lineage{ShipmentID: "1-order-4710", RunID: "run-1", CausationID: "4710", CorrelationID: "4710"},
		Sequence: 2, Time: time.Date(2030, 1, 15, 9, 30, 0, 0, time.UTC),
		Data: events.Failed{
			ShipmentID: "1-order-4710", Status: shipment.Failed, Stage: shipment.StageManifestation,
			Failure: &shipment.Failure{Faults: []shipment.Fault{*shipment.NewFault("Carrier manifestation failed", "1.2.3: Manifestation failed")}},
		},
	}
	for range 2 {
		sequence, err := publisher.PublishOnce(ctx, outcome)
		fmt.Println(sequence, err)
	}
	outcome.Lineage.RunID = "run-2"
	_, err = publisher.PublishOnce(ctx, outcome)
	fmt.Println(err)
	// Output:
	// 1 <nil>
	// 1 <nil>
	// shipments.failed.1-order-4710 already holds event 486ffc4f-64c3-5d15-9efd-6c31eeace668 of another run
}
