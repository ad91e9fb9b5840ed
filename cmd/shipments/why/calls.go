package why

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"

	"shipments/activities"
	"shipments/activities/carriers"
	"shipments/shipment"
)

// The names of the activities that call carriers.
const (
	manifestLeg      = "ManifestLeg"
	voidLeg          = "VoidLeg"
	bookCollection   = "BookCollection"
	cancelCollection = "CancelCollection"
)

// call is one call of a carrier.
type call struct {
	what, key string
	scheduled time.Time
	// timeout is the schedule-to-close timeout of a regular activity.
	timeout  time.Duration
	firstTry bool // within the workflow's task
	ended    time.Time
	attempts int32
	answer   string
	pending  bool
}

// deadline is when the call is given up; nil if it is not known.
func (c *call) deadline() *time.Time {
	if c.timeout <= activities.CarrierTimeout {
		return nil
	}
	at := c.scheduled.Add(c.timeout - activities.CarrierTimeout)
	return &at
}

func (c *call) occurrence() Occurrence {
	return Occurrence{
		At: c.ended, Kind: "carrier call", What: c.what, IdempotencyKey: c.key, Attempts: c.attempts, Answer: cmp.Or(c.answer, "no answer on record"),
	}
}

// addCall takes an event of an activity, or of a local one.
func (h *history) addCall(at time.Time, event *historypb.HistoryEvent) {
	ended := func(scheduled int64, answer string) {
		if c := h.byEvent[scheduled]; c != nil {
			c.ended, c.answer = at, answer
		}
	}
	switch event.GetEventType() {
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
		h.scheduled(at, event)
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_STARTED:
		a := event.GetActivityTaskStartedEventAttributes()
		if c := h.byEvent[a.GetScheduledEventId()]; c != nil {
			c.attempts = a.GetAttempt()
		}
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
		a := event.GetActivityTaskCompletedEventAttributes()
		ended(a.GetScheduledEventId(), h.answer(a.GetResult()))
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_FAILED:
		a := event.GetActivityTaskFailedEventAttributes()
		message, _ := h.failure(a.GetFailure())
		ended(a.GetScheduledEventId(), "given up: "+message)
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT:
		a := event.GetActivityTaskTimedOutEventAttributes()
		message, _ := h.failure(a.GetFailure())
		ended(a.GetScheduledEventId(), "given up after its deadline: "+message)
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_CANCELED:
		ended(event.GetActivityTaskCanceledEventAttributes().GetScheduledEventId(), "cancelled")
	case enumspb.EVENT_TYPE_MARKER_RECORDED:
		h.localCall(at, event)
	default:
	}
}

// scheduled takes the beginning of a regular activity.
func (h *history) scheduled(at time.Time, event *historypb.HistoryEvent) {
	a := event.GetActivityTaskScheduledEventAttributes()
	name := a.GetActivityType().GetName()
	h.summaries[a.GetActivityId()], h.began[a.GetActivityId()] = h.summary(event), at
	if !callsCarrier(name) {
		return
	}
	c := &call{what: cmp.Or(h.summary(event), name), scheduled: at, timeout: a.GetScheduleToCloseTimeout().AsDuration(), ended: at}
	c.key = h.keyOf(name, a.GetInput())
	h.byActivity[a.GetActivityId()], h.byEvent[event.GetEventId()] = c, c
	h.calls = append(h.calls, c)
	h.countBooking(name)
}

// localCall takes the marker of a local activity that calls a carrier. Its input is
// not on record, so its key is made of what is.
func (h *history) localCall(at time.Time, event *historypb.HistoryEvent) {
	a := event.GetMarkerRecordedEventAttributes()
	var about struct {
		ActivityType string
		ReplayTime   time.Time
		Attempt      int32
	}
	if a.GetMarkerName() != "LocalActivity" || !h.decode(a.GetDetails()["data"], &about) || !callsCarrier(about.ActivityType) {
		return
	}
	c := &call{what: cmp.Or(h.summary(event), about.ActivityType), firstTry: true, scheduled: at, ended: at, attempts: max(about.Attempt, 1)}
	c.key = h.keyByName(about.ActivityType, c.what)
	if failure := a.GetFailure(); failure != nil {
		message, _ := h.failure(failure)
		c.answer = "first try failed, the call goes on: " + message
	} else {
		c.answer = h.answer(a.GetDetails()["result"])
		h.countBooking(about.ActivityType)
	}
	h.calls = append(h.calls, c)
}

func (h *history) countBooking(name string) {
	if name == bookCollection {
		h.bookings++
	}
}

func callsCarrier(name string) bool {
	switch name {
	case manifestLeg, voidLeg, bookCollection, cancelCollection:
		return true
	}
	return false
}

// keyOf is the idempotency key of a call whose request is on record.
func (h *history) keyOf(name string, input *commonpb.Payloads) string {
	var request interface{ IdempotencyKey() string }
	switch name {
	case manifestLeg:
		request = new(carriers.ManifestLegRequest)
	case voidLeg:
		request = new(carriers.VoidLegRequest)
	case bookCollection:
		request = new(carriers.BookCollectionRequest)
	case cancelCollection:
		request = new(carriers.CancelCollectionRequest)
	default:
		return ""
	}
	if !h.decode(input, request) {
		return ""
	}
	return request.IdempotencyKey()
}

// legNumber finds the leg in the summary of a call, which workflows.ManifestLeg and
// workflows.VoidLeg write.
var legNumber = regexp.MustCompile(`^(?:manifest|void) leg ([0-9]+) `)

// keyByName is the idempotency key of a call of which only the name and the summary
// are on record; empty if it cannot be told.
func (h *history) keyByName(name, summary string) string {
	id := h.report.ShipmentID
	switch name {
	case manifestLeg, voidLeg:
		found := legNumber.FindStringSubmatch(summary)
		if found == nil {
			return ""
		}
		leg, _ := strconv.Atoi(found[1]) // The pattern has digits alone.
		if name == manifestLeg {
			return carriers.ManifestLegRequest{ShipmentID: id, Leg: leg}.IdempotencyKey()
		}
		return carriers.VoidLegRequest{ShipmentID: id, Leg: leg}.IdempotencyKey()
	case bookCollection:
		return carriers.BookCollectionRequest{ShipmentID: id, Attempt: h.bookings + 1}.IdempotencyKey()
	case cancelCollection:
		return carriers.CancelCollectionRequest{ShipmentID: id, Attempt: max(h.bookings, 1)}.IdempotencyKey()
	}
	return ""
}

// answer is a carrier's answer in words.
func (h *history) answer(result *commonpb.Payloads) string {
	var reply struct {
		TrackingNumbers   []string        `json:"trackingNumbers"`
		BookingReference  string          `json:"bookingReference"`
		LocationReference string          `json:"locationReference"`
		Declined          *shipment.Fault `json:"declined"`
		Unanswered        bool            `json:"unanswered"`
	}
	var raw json.RawMessage
	if !h.decode(result, &raw) || json.Unmarshal(raw, &reply) != nil {
		return "an answer that cannot be shown"
	}
	switch {
	case reply.Declined != nil:
		text := "declined: " + strings.Join(append([]string{reply.Declined.Description}, reply.Declined.Errors...), ": ")
		if reply.Unanswered {
			text += " (an earlier call may have had its effect)"
		}
		return clip(text)
	case len(reply.TrackingNumbers) > 0:
		return clip("done, tracking " + strings.Join(reply.TrackingNumbers, " "))
	case reply.BookingReference != "":
		return clip(fmt.Sprintf("done, booking %s, location %s", reply.BookingReference, reply.LocationReference))
	}
	return "done"
}
