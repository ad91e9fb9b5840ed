package shipment

import "slices"

// Status is where a shipment's process stands.
type Status string

// The statuses.
const (
	Pending   Status = "Pending"
	Success   Status = "Success"
	Failed    Status = "Failure"
	Rejected  Status = "Rejected"
	Cancelled Status = "Cancelled"
	// Duplicate is only the result of a workflow that found its shipment taken
	// on by an earlier one: it stopped without any effect.
	Duplicate Status = "Duplicate"
)

// Statuses are those that others see of a shipment.
func Statuses() []Status { return []Status{Pending, Success, Failed, Cancelled, Rejected} }

// Result is how the process of a shipment stands or ended. It is the result of
// the entry workflow, the answer of GET /{shipmentId}, and the data of
// shipments.completed.
type Result struct {
	ShipmentID string `json:"shipmentId"`
	Status     Status `json:"status"`
	// Outcome is set for [Success].
	Outcome *Outcome `json:"outcome,omitempty"`
	// Failure is set for [Failed].
	Failure *Failure `json:"failure,omitempty"`
	// Cancellation is set for [Cancelled].
	Cancellation *Cancellation `json:"cancellation,omitempty"`
	// Reasons are set for [Rejected].
	Reasons []Reason `json:"reasons,omitempty"`
	// Progress may be set for [Pending], where the status is read; a process sets none.
	Progress *Progress `json:"progress,omitempty"`
}

// Outcome is what a successful process produced.
type Outcome struct {
	ManifestedLegs    []ManifestedLeg   `json:"manifestedLegs"`
	ShipmentDocuments Documents         `json:"shipmentDocuments"`
	CollectionBooking CollectionBooking `json:"collectionBooking"`
}

// ManifestedLeg is a leg that its carrier accepted.
type ManifestedLeg struct {
	CarrierID string `json:"carrierId"`
	// TrackingNumbers has one number per package.
	TrackingNumbers []string `json:"trackingNumbers"`
	LabelsURL       string   `json:"labelsUrl"`
}

// Documents are where the shipment's documents can be fetched.
type Documents struct {
	LabelsURL string `json:"labelsUrl"`
	// InvoiceURL is nil for domestic shipments, which need no customs invoice.
	InvoiceURL          *string `json:"invoiceUrl"`
	ReceiptURL          string  `json:"receiptUrl"`
	CombinedDocumentURL string  `json:"combinedDocumentUrl"`
}

// CollectionBooking is a carrier's promise to collect the packages.
type CollectionBooking struct {
	CarrierID         string `json:"carrierId"`
	BookingReference  string `json:"bookingReference"`
	LocationReference string `json:"locationReference"`
	// CollectionDate is the day that was booked, which a rebooking changes.
	CollectionDate string `json:"collectionDate,omitempty"`
}

// Failure is a business outcome: the process ran, and something said no.
type Failure struct {
	Faults []Fault `json:"faults"`
	// Compensation is set if something had to be undone.
	Compensation *Compensation `json:"compensation,omitempty"`
}

// Cancellation is how a process ended that was asked to stop.
type Cancellation struct {
	Reason string `json:"reason"`
	// Compensation is set if something had to be undone.
	Compensation *Compensation `json:"compensation,omitempty"`
}

// Compensation is what was undone after a failure or for a cancellation, and
// what could not be.
type Compensation struct {
	// CollectionCancelled says that a booking was taken back, NotCancelled why
	// it could not be. Neither is set if no booking had been asked for.
	CollectionCancelled bool           `json:"collectionCancelled,omitempty"`
	NotCancelled        *Fault         `json:"notCancelled,omitempty"`
	Voided              []VoidedLeg    `json:"voided,omitempty"`
	NotVoided           []NotVoidedLeg `json:"notVoided,omitempty"`
	// Standing are the legs that were left manifested on purpose, although nobody
	// collects the shipment.
	Standing []StandingLeg `json:"standing,omitempty"`
}

// With joins what two steps undid. Either may be nil.
func (c *Compensation) With(other *Compensation) *Compensation {
	if c == nil {
		return other
	}
	if other == nil {
		return c
	}
	joined := *c
	joined.CollectionCancelled = c.CollectionCancelled || other.CollectionCancelled
	if joined.NotCancelled == nil {
		joined.NotCancelled = other.NotCancelled
	}
	joined.Voided = slices.Concat(c.Voided, other.Voided)
	joined.NotVoided = slices.Concat(c.NotVoided, other.NotVoided)
	joined.Standing = slices.Concat(c.Standing, other.Standing)
	return &joined
}

// VoidedLeg is a leg whose manifestation was voided.
type VoidedLeg struct {
	CarrierID string `json:"carrierId"`
	// TrackingNumbers are those that are void; none if the carrier never returned them.
	TrackingNumbers []string `json:"trackingNumbers"`
}

// NotVoidedLeg is a leg that should have been voided and was not: somebody has
// to talk to the carrier.
type NotVoidedLeg struct {
	VoidedLeg

	Fault Fault `json:"fault"`
}

// StandingLeg is a leg that stays manifested: its parcels can be handed in.
type StandingLeg struct {
	CarrierID       string   `json:"carrierId"`
	TrackingNumbers []string `json:"trackingNumbers"`
}

// Fault is one thing that went wrong, with the errors that a carrier or a rule
// gave for it.
type Fault struct {
	Description string   `json:"description"`
	Errors      []string `json:"errors"`
}

// NewFault makes a fault.
func NewFault(description string, errors ...string) *Fault {
	return &Fault{Description: description, Errors: errors}
}

// MergeFaults drops faults that say the same as an earlier one: two legs that
// were refused for one reason make one fault.
func MergeFaults(faults []Fault) []Fault {
	var merged []Fault
	for _, f := range faults {
		same := func(m Fault) bool { return m.Description == f.Description && slices.Equal(m.Errors, f.Errors) }
		if !slices.ContainsFunc(merged, same) {
			merged = append(merged, f)
		}
	}
	return merged
}

// Stage is a part of the process.
type Stage string

// The stages. Validation and classification are the entry's own; the others
// can run as child workflows.
const (
	StageValidation    Stage = "validation"
	StageCategory      Stage = "category"
	StageManifestation Stage = "manifestation"
	StageDocuments     Stage = "documents"
	StageCollection    Stage = "collection"
	StageCarrier       Stage = "carrier"
)

// Stages are those at which a shipment can stand, or fail, in their order.
func Stages() []Stage {
	return []Stage{StageValidation, StageCategory, StageManifestation, StageDocuments, StageCollection}
}
