package events

import (
	"fmt"
	"slices"

	"shipments/shipment"
)

// The codes are stable and machine-readable. Those of the domain's own rules,
// such as [shipment.CodeUnknownCarrier], are in package shipment.

// The codes of messages that are invalid: no event at all, or no CloudEvent 1.0.
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

// The codes of CloudEvents that are no valid input.
const (
	CodeUnknownType                = "unknown-type"
	CodeUnsupportedDataContentType = "unsupported-datacontenttype"
	CodeSchemaViolation            = "schema-violation"
	CodeSubjectMismatch            = "subject-mismatch"
)

// The codes of valid inputs that are rejected.
const (
	// CodeConflict: the shipment is known, with other content.
	CodeConflict = "conflict"
	// CodeUnknownShipment: a request for a shipment that was never published.
	CodeUnknownShipment = "unknown-shipment"
	// CodeShipmentEnded: a request that came after the end of the process, or too
	// late to have an effect.
	CodeShipmentEnded = "shipment-ended"
	// CodeNotRebookable: there is no failed booking to be replaced.
	CodeNotRebookable = "not-rebookable"
	// CodeRebookingFailed: the collection could not be booked for the new day.
	CodeRebookingFailed = "rebooking-failed"
	// CodeDeliveredTooOften: handling the message crashed again and again.
	CodeDeliveredTooOften = "delivered-too-often"
	// CodeUnfitForTemporal: the event is too large for Temporal.
	CodeUnfitForTemporal = "unfit-for-temporal"
	// CodeProcessEnded: somebody ended the shipment's process before it had
	// claimed the shipment.
	CodeProcessEnded = "process-ended"
)

// reasonCodes are all codes: those of this package and those of package shipment.
var reasonCodes = slices.Concat([]string{
	CodeEmptyMessage, CodeTooLarge, CodeByteOrderMark, CodeInvalidUTF8, CodeInvalidJSON, CodeTrailingData, CodeDuplicateMember, CodeTooDeep,
	CodeNumberTooLarge, CodeBatch, CodeNotAnObject, CodeUnsupportedContentType, CodeBothContentModes, CodeRepeatedHeader, CodeInvalidHeader,
	CodeUnsupportedSpecVersion, CodeMissingAttribute, CodeInvalidAttribute, CodeInvalidExtension, CodeBothDataMembers, CodeMissingData,
	CodeInvalidData, CodeUndecodable,
	CodeUnknownType, CodeUnsupportedDataContentType, CodeSchemaViolation, CodeSubjectMismatch,
	CodeConflict, CodeUnknownShipment, CodeShipmentEnded, CodeNotRebookable, CodeRebookingFailed, CodeDeliveredTooOften, CodeUnfitForTemporal,
	CodeProcessEnded,
}, []string{
	shipment.CodeInvalidShipmentID, shipment.CodeInvalidCollectionDate, shipment.CodeUnknownTimeZone, shipment.CodeUnknownCountry,
	shipment.CodeUnknownCurrency, shipment.CodeUnknownCarrier, shipment.CodeLegCount, shipment.CodeMissingText, shipment.CodeMissingPackages,
	shipment.CodeMissingGoods, shipment.CodeOutOfRange, shipment.CodeInvalidFormat, shipment.CodeUnprintableText, shipment.CodeZeroValue,
})

// ReasonCodes are the codes of all reasons, sorted.
func ReasonCodes() []string { return slices.Sorted(slices.Values(reasonCodes)) }

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
