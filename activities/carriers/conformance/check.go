package conformance

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"shipments/activities/carriers"
	"shipments/shipment"
)

// The results of a rule.
const (
	Passed  = "ok"
	Failed  = "failed"
	Skipped = "skipped"
)

// Finding is what a rule found.
type Finding struct {
	Rule   string `json:"rule"`
	Result string `json:"result"`
	// Seen is what the service did, Right what it has to do.
	Seen  string `json:"seen"`
	Right string `json:"right"`
}

// Options are how a service is checked.
type Options struct {
	// Token is the bearer token; without it the rules about tokens are skipped.
	Token string
	// Timeout bounds each request; the default is [carriers.DefaultTimeout].
	Timeout time.Duration
}

// Check tries every rule of the carrier API against a service at a base URL, in the
// order of the findings. The service manifests legs and books collections for it:
// all of them have new shipment ids that begin with "check-", and are taken back
// where a rule asks for it. It takes some twenty calls.
//
// It returns an error if it could not check: the service cannot be reached, or ctx
// has ended.
func Check(ctx context.Context, base *url.URL, options Options) ([]Finding, error) {
	contract, err := NewContract()
	if err != nil {
		return nil, err
	}
	if options.Timeout <= 0 {
		options.Timeout = carriers.DefaultTimeout
	}
	s := &service{
		base: base, options: options, contract: contract, run: "check-" + strings.ToLower(rand.Text()[:10]),
		client: &http.Client{
			Timeout:       options.Timeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	if _, err := s.get(ctx, "reachable"); err != nil {
		return nil, fmt.Errorf("the service cannot be reached: %w", err)
	}
	var findings []Finding
	for _, r := range rules {
		finding := Finding{Rule: r.name, Result: Passed, Right: r.right}
		switch seen, err := r.try(ctx, s); {
		case errors.Is(err, errSkipped):
			finding.Result, finding.Seen = Skipped, seen
		case err != nil:
			finding.Result, finding.Seen = Failed, err.Error()
		default:
			finding.Seen = seen
		}
		if err := ctx.Err(); err != nil {
			return findings, err
		}
		findings = append(findings, finding)
	}
	return findings, nil
}

// errSkipped is the error of a rule that cannot be tried.
var errSkipped = errors.New("skipped")

// service is the service that is checked.
type service struct {
	base     *url.URL
	options  Options
	contract *Contract
	client   *http.Client
	run      string // begins each shipment id
	// unsaid has the busy answers that did not say when to come back.
	unsaid []string
	busy   int // answers that were busy
}

// id is a shipment id of this run. No emulated carrier declines it.
func (s *service) id(name string) string { return s.run + "-" + name + "-0" }

// manifest is a complete request to manifest a leg with two packages.
func (s *service) manifest(name string) carriers.ManifestLegRequest {
	return carriers.ManifestLegRequest{
		ShipmentID: s.id(name), Leg: 1,
		Details: shipment.Leg{CarrierID: "check", Sender: warehouse, Receiver: customer, Collection: warehouse},
		Packages: []shipment.Package{
			{WeightGrams: 1200, LengthMm: 300, WidthMm: 200, HeightMm: 100}, {WeightGrams: 800, LengthMm: 200, WidthMm: 200, HeightMm: 100},
		},
		Reference: "check",
	}
}

var (
	warehouse = shipment.Address{Name: "Check of the Carrier API", Line1: "1 Station Road", City: "Leeds", PostalCode: "LS1 4DY", Country: "GB", Phone: "+441130000000"}
	customer  = shipment.Address{Name: "Ada Lovelace", Line1: "12 St James's Square", City: "London", PostalCode: "SW1Y 4JH", Country: "GB"}
)

// book is a complete request to book a collection in a month.
func (s *service) book(name string) carriers.BookCollectionRequest {
	return carriers.BookCollectionRequest{
		ShipmentID: s.id(name), Attempt: 1, CarrierID: "check", CollectionDate: time.Now().AddDate(0, 1, 0).Format(time.DateOnly),
		TimeZone: "Europe/London", Address: warehouse, TrackingNumbers: []string{"1", "2"},
	}
}

func (s *service) void(name string) carriers.VoidLegRequest {
	return carriers.VoidLegRequest{ShipmentID: s.id(name), Leg: 1, CarrierID: "check"}
}

func (s *service) cancel(name string) carriers.CancelCollectionRequest {
	return carriers.CancelCollectionRequest{ShipmentID: s.id(name), Attempt: 1, CarrierID: "check"}
}

// numbersOf counts the tracking numbers of an answer; -1 is a shared one.
func numbersOf(body []byte) int {
	var answer struct {
		TrackingNumbers []any `json:"trackingNumbers"`
		TrackingNumber  any   `json:"trackingNumber"`
	}
	if json.Unmarshal(body, &answer) == nil && len(answer.TrackingNumbers) == 0 && answer.TrackingNumber != nil {
		return -1
	}
	return len(answer.TrackingNumbers)
}
