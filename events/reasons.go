package events

import (
	"fmt"

	"shipments/shipment"
)

// The codes of what makes a message no CloudEvent 1.0.
const (
	CodeEmptyMessage           = "empty-message"
	CodeTooLarge               = "too-large"
	CodeByteOrderMark          = "byte-order-mark"
	CodeInvalidUTF8            = "invalid-utf8"
	CodeInvalidJSON            = "invalid-json"
	CodeTrailingData           = "trailing-data"
	CodeDuplicateMember        = "duplicate-member"
	CodeTooDeep                = "too-deep"
	CodeNumberTooLarge         = "number-too-large"
	CodeBatch                  = "batch"
	CodeNotAnObject            = "not-an-object"
	CodeUnsupportedContentType = "unsupported-content-type"
	CodeBothContentModes       = "both-content-modes"
	CodeRepeatedHeader         = "repeated-header"
	CodeInvalidHeader          = "invalid-header"
	CodeUnsupportedSpecVersion = "unsupported-specversion"
	CodeMissingAttribute       = "missing-attribute"
	CodeInvalidAttribute       = "invalid-attribute"
	CodeInvalidExtension       = "invalid-extension"
	CodeBothDataMembers        = "both-data-members"
	CodeMissingData            = "missing-data"
	CodeInvalidData            = "invalid-data"
	CodeUndecodable            = "undecodable"
)

// The codes of what makes a CloudEvent no shipment.
const (
	CodeUnknownType                = "unknown-type"
	CodeUnsupportedDataContentType = "unsupported-datacontenttype"
	CodeSchemaViolation            = "schema-violation"
	CodeSubjectMismatch            = "subject-mismatch"
)

// The codes of rejections that are not about the input's form.
const (
	// CodeConflict: the shipment is known, with other content.
	CodeConflict = "conflict"
	// CodeUnknownShipment: a request for a shipment that nobody has published.
	CodeUnknownShipment = "unknown-shipment"
	// CodeShipmentEnded: a request that came when the process had ended, or
	// too late to have its effect.
	CodeShipmentEnded = "shipment-ended"
	// CodeNotRebookable: there is no failed booking to be replaced.
	CodeNotRebookable = "not-rebookable"
	// CodeRebookingFailed: the collection could not be booked for the new day.
	CodeRebookingFailed = "rebooking-failed"
	// CodeDeliveredTooOften: handling the message ended in a crash again and again.
	CodeDeliveredTooOften = "delivered-too-often"
	// CodeUnfitForTemporal: the event can never be handed to Temporal.
	CodeUnfitForTemporal = "unfit-for-temporal"
	// CodeProcessEnded: the shipment's process was ended from outside before it
	// took the shipment on.
	CodeProcessEnded = "process-ended"
)

// ConflictReason is the reason for rejecting an event whose shipment is known
// with other content.
func ConflictReason(owner EventRef) shipment.Reason {
	return shipment.Reason{
		Code: CodeConflict,
		Path: "/shipmentId",
		Message: fmt.Sprintf("the shipment is known with other content, from event %s of %s: "+
			"use a new shipment id for another shipment", owner.ID, owner.Source),
	}
}
