package events

// The event types. A type equals its NATS subject without the shipment id.
const (
	TypeCreated               = "shipments.created"
	TypeCancellationRequested = "shipments.cancellation-requested"
	TypeRebookingRequested    = "shipments.collection-rebooking-requested"
	TypeAccepted              = "shipments.accepted"
	TypeManifested            = "shipments.manifested"
	TypeDocumentsGenerated    = "shipments.documents-generated"
	TypeCollectionDeclined    = "shipments.collection-declined"
	TypeCollectionBooked      = "shipments.collection-booked"
	TypeManifestationVoided   = "shipments.manifestation-voided"
	TypeCompleted             = "shipments.completed"
	TypeFailed                = "shipments.failed"
	TypeCancelled             = "shipments.cancelled"
	TypeRejected              = "shipments.rejected"
)

// The streams that hold the events.
const (
	StreamShipments  = "SHIPMENTS"
	StreamEvents     = "SHIPMENT_EVENTS"
	StreamRejections = "SHIPMENT_REJECTIONS"
)

// MaxMessageBytes bounds an input message, headers included: JetStream refuses a
// larger one, and its publisher gets the error. It leaves room for a rejection,
// which holds the input in base64, within the server's default max_payload of
// 1 MiB.
const MaxMessageBytes = 256 << 10

// Source is the CloudEvents source of all outcome events and rejections.
const Source = "/shipments/process"

// PrincipalAttribute is the extension attribute of an input that says who published it:
// whom the API knows by a token, or who used a command. Over NATS a publisher may write
// whatever it likes.
const PrincipalAttribute = "principal"

// ContentType is the media type of a CloudEvent in structured content mode.
const ContentType = "application/cloudevents+json"
