package carriers_test

import (
	"context"
	"fmt"
	"sync"

	"shipments/activities/carriers"
	"shipments/shipment"
)

// courier is a client of a carrier that takes packages of up to 30 kg.
//
// A client of a real carrier sends the idempotency key with the call; this one
// keeps the replies by it.
type courier struct {
	mu        sync.Mutex
	manifests map[string]carriers.ManifestLegReply
}

func (c *courier) ManifestLeg(ctx context.Context, request carriers.ManifestLegRequest) (carriers.ManifestLegReply, error) {
	if err := ctx.Err(); err != nil {
		return carriers.ManifestLegReply{}, err // A technical fault: the call is retried.
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if reply, known := c.manifests[request.IdempotencyKey()]; known {
		return reply, nil // A repeat gets the answer of the first call.
	}
	var reply carriers.ManifestLegReply
	for _, p := range request.Packages {
		if p.WeightGrams > 30_000 { // A business outcome: the carrier declines.
			reply = carriers.ManifestLegReply{Declined: shipment.NewFault("Carrier manifestation failed", "17: over 30 kg")}
			break
		}
		reply.TrackingNumbers = append(reply.TrackingNumbers, fmt.Sprintf("CO-%d-%d", len(c.manifests)+1, len(reply.TrackingNumbers)+1))
	}
	c.manifests[request.IdempotencyKey()] = reply
	return reply, nil
}

func (c *courier) VoidLeg(_ context.Context, request carriers.VoidLegRequest) (carriers.VoidLegReply, error) {
	fmt.Println("void", request.TrackingNumbers)
	return carriers.VoidLegReply{}, nil
}

func (c *courier) BookCollection(_ context.Context, request carriers.BookCollectionRequest) (carriers.BookCollectionReply, error) {
	return carriers.BookCollectionReply{BookingReference: "on " + request.CollectionDate, LocationReference: "depot 1"}, nil
}

func (c *courier) CancelCollection(context.Context, carriers.CancelCollectionRequest) (carriers.CancelCollectionReply, error) {
	return carriers.CancelCollectionReply{}, nil
}

// A client of another carrier: what repeats, declines and errors are.
func ExampleClient() {
	var client carriers.Client = &courier{manifests: map[string]carriers.ManifestLegReply{}}
	manifest := func(shipmentID string, grams int) carriers.ManifestLegReply {
		reply, err := client.ManifestLeg(context.Background(), carriers.ManifestLegRequest{
			ShipmentID: shipmentID, Leg: 1, Packages: []shipment.Package{{WeightGrams: grams}},
		})
		if err != nil {
			fmt.Println("retry:", err)
		}
		return reply
	}
	light := manifest("shoes", 1_200)
	fmt.Println(light.TrackingNumbers)
	fmt.Println(manifest("shoes", 1_200).TrackingNumbers, "again")
	if heavy := manifest("piano", 250_000); heavy.WasDeclined() {
		fmt.Println(heavy.Declined.Description, heavy.Declined.Errors)
	}
	// The process voids what was manifested when another leg was declined.
	_, _ = client.VoidLeg(context.Background(), carriers.VoidLegRequest{ShipmentID: "shoes", Leg: 1, TrackingNumbers: light.TrackingNumbers})
	// Output:
	// [CO-1-1]
	// [CO-1-1] again
	// Carrier manifestation failed [17: over 30 kg]
	// void [CO-1-1]
}
