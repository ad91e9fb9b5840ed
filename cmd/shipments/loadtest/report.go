package loadtest

import (
	"fmt"
	"math"
	"time"

	"shipments/shipment"
)

// Report is what a run found. What became of the shipments is counted in the
// streams, after the run; times are of this process's clock alone, from just
// before a shipment is handed to JetStream to the arrival of its events here.
type Report struct {
	Run        string              `json:"run"`
	Categories []shipment.Category `json:"categories"`
	Workers    int                 `json:"workers"`
	// Shipments is how many were to be published, over all workers, and
	// OfferedPerSecond how fast; 0 means as fast as possible.
	Shipments        int     `json:"shipments"`
	OfferedPerSecond float64 `json:"offeredPerSecond"`

	// Published were acknowledged by JetStream; Unacknowledged were sent and
	// may be stored or not. PublishErrors were healed by repeating.
	Published      int `json:"published"`
	Unacknowledged int `json:"unacknowledged"`
	PublishErrors  int `json:"publishErrors"`

	Accepted   int `json:"accepted"`
	Completed  int `json:"completed"`
	Failed     int `json:"failed"`
	Cancelled  int `json:"cancelled"`
	Rejected   int `json:"rejected"`
	Unfinished int `json:"unfinished"`
	// Lost are acknowledged shipments with an outcome missing: although they
	// ended, or because they did not within the timeout. Those that were under
	// way when the run was interrupted are unfinished, not lost.
	Lost int `json:"lost"`
	// Doubled are shipments with an outcome or a rejection stored more than
	// once, or with two endings.
	Doubled int `json:"doubled"`

	PublishSeconds float64 `json:"publishSeconds"`
	ElapsedSeconds float64 `json:"elapsedSeconds"`
	// Throughput is completed shipments per second from the run's start to the
	// last completion, the collection timer included once. SteadyThroughput
	// leaves out the first and the last tenth of the completions; it is 0 for
	// runs of less than 100 shipments, or if not all were completed.
	Throughput       float64 `json:"throughput"`
	SteadyThroughput float64 `json:"steadyThroughput"`

	// CollectionDelayMS is subtracted from CollectionBooked and Completed.
	CollectionDelayMS float64   `json:"collectionDelayMs"`
	Latencies         Latencies `json:"latenciesMs"`

	// OK says that there are no problems.
	OK       bool      `json:"ok"`
	Problems []Problem `json:"problems"`
	// Notes are what else is to be known about the figures.
	Notes []string `json:"notes"`
}

// Latencies are the times from publishing a shipment to its events.
type Latencies struct {
	Accepted           Latency `json:"accepted"`
	Manifested         Latency `json:"manifested"`
	DocumentsGenerated Latency `json:"documentsGenerated"`
	CollectionBooked   Latency `json:"collectionBooked"`
	Completed          Latency `json:"completed"`
}

// Latency is a distribution, in milliseconds.
type Latency struct {
	Count int64   `json:"count"`
	P50   float64 `json:"p50"`
	P95   float64 `json:"p95"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
}

// Problem is a reason for which a run is not OK.
type Problem struct {
	// Kind is interrupted, timeout, unacknowledged, lost, doubled, rejected,
	// failed or cancelled.
	Kind  string `json:"kind"`
	Count int    `json:"count,omitempty"`
	// Message says it in words.
	Message string `json:"message"`
	// Examples are the first few shipments.
	Examples []Example `json:"examples,omitempty"`
	// Look is a command that shows more, for the first example.
	Look string `json:"look,omitempty"`
}

// Example is a shipment that shows a problem.
type Example struct {
	ShipmentID string `json:"shipmentId"`
	Detail     string `json:"detail,omitempty"`
}

// maxExamples bounds the examples of one problem.
const maxExamples = 5

// report assesses every shipment.
func (r *run) report(end ending) Report {
	t := r.tracker
	t.mu.Lock()
	defer t.mu.Unlock()
	report := Report{
		Run: r.ids.run, Categories: r.Categories, Workers: r.Workers, Shipments: r.total(),
		Published: t.counts.published, PublishErrors: t.counts.publishErrors,
		Problems: []Problem{}, Notes: []string{},
	}
	if spacing := r.spacing(); spacing > 0 {
		report.OfferedPerSecond = math.Round(100*float64(time.Second)/float64(spacing)) / 100
	}
	switch end {
	case timedOut:
		report.problem("timeout")
	case interrupted:
		report.problem("interrupted").Message = "the run was interrupted: this is about what was published until then"
	case finished:
	}
	for number, shipment := range t.records {
		if shipment.begun {
			report.add(shipment, r.ids.id(number), end)
		}
	}
	report.measure(t)
	report.explain(r.patience(), t.counts.lastPublishError)
	report.OK = len(report.Problems) == 0
	return report
}

// add adds what became of one shipment.
func (r *Report) add(s record, id string, end ending) {
	v := s.assess()
	tally := func(is bool, counter *int) {
		if is {
			*counter++
		}
	}
	tally(v.accepted, &r.Accepted)
	tally(v.completed, &r.Completed)
	tally(v.unfinished, &r.Unfinished)
	problem := func(is bool, kind string, counter *int, detail string) {
		if is {
			*counter++
			r.problem(kind).add(id, detail)
		}
	}
	lost := len(v.missing) > 0 && (end != interrupted || !v.unfinished)
	problem(lost, "lost", &r.Lost, "no "+names(v.missing))
	problem(len(v.repeated) > 0, "doubled", &r.Doubled, names(v.repeated))
	problem(v.rejected, "rejected", &r.Rejected, "")
	problem(v.failed, "failed", &r.Failed, "")
	problem(v.cancelled, "cancelled", &r.Cancelled, "")
	problem(!s.acknowledged, "unacknowledged", &r.Unacknowledged, "")
}

// problem finds a problem by its kind, or makes it.
func (r *Report) problem(kind string) *Problem {
	for i := range r.Problems {
		if r.Problems[i].Kind == kind {
			return &r.Problems[i]
		}
	}
	r.Problems = append(r.Problems, Problem{Kind: kind})
	return &r.Problems[len(r.Problems)-1]
}

func (p *Problem) add(id, detail string) {
	if p.Count++; len(p.Examples) < maxExamples {
		p.Examples = append(p.Examples, Example{ShipmentID: id, Detail: detail})
	}
}

// explain puts the problems into words, and says where to look further.
func (r *Report) explain(patience time.Duration, lastPublishError error) {
	for i := range r.Problems {
		p := &r.Problems[i]
		look := ""
		switch p.Kind {
		case "timeout":
			p.Message = fmt.Sprintf("timeout: nothing moved for %v (--timeout, with the collection delay on top)%s", patience, r.hint())
		case "lost":
			p.Message = fmt.Sprintf("%d lost: acknowledged by JetStream, and an outcome is missing", p.Count)
			if r.Unfinished > 0 {
				p.Message += fmt.Sprintf(" (%d of them have not ended)", r.Unfinished)
			}
			look = "shipments watch "
		case "doubled":
			p.Message = fmt.Sprintf("%d doubled: an outcome is stored more than once, or there are two endings", p.Count)
			look = "shipments watch "
		case "rejected":
			p.Message = fmt.Sprintf("%d rejected", p.Count)
			look = "shipments rejected ls --shipment "
		case "failed", "cancelled":
			p.Message = fmt.Sprintf("%d %s", p.Count, p.Kind)
			look = "shipments status "
		case "unacknowledged":
			p.Message = fmt.Sprintf("%d not acknowledged by JetStream: stored or not, nobody knows; last: %v", p.Count, lastPublishError)
			look = "shipments status "
		}
		if look != "" && len(p.Examples) > 0 {
			p.Look = look + p.Examples[0].ShipmentID
		}
	}
	if r.PublishErrors > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("%d attempts to publish were not acknowledged and repeated with the same message id; last: %v", r.PublishErrors, lastPublishError))
	}
}

// hint is what to look at first when nothing moves.
func (r *Report) hint() string {
	switch {
	case r.Published == 0:
		return "; nothing could be published: is JetStream healthy?"
	case r.Accepted == 0:
		return "; no shipment was accepted: do hosts run, with Temporal up?"
	case r.Latencies.Manifested.Count > 0 && r.Latencies.CollectionBooked.Count == 0:
		return "; no collection was booked: do the hosts run with SHIPMENTS_EMULATION, and a short SHIPMENTS_COLLECTION_DELAY?"
	default:
		return ""
	}
}

// measure adds the figures.
func (r *Report) measure(t *tracker) {
	c := t.counts
	r.PublishSeconds, r.ElapsedSeconds = seconds(c.lastPublished), seconds(max(c.lastPublished, c.lastEnded))
	if c.completed > 0 {
		r.Throughput = perSecond(c.completed, c.lastCompleted)
	}
	if between := t.lastTenth - t.firstTenth; c.completed >= 100 && between > 0 {
		r.SteadyThroughput = perSecond(len(t.records)-2*tenth(len(t.records)), between)
	}
	r.CollectionDelayMS = float64(t.collectionDelay.Microseconds()) / 1000
	r.Latencies = Latencies{
		Accepted: t.latency(accepted), Manifested: t.latency(manifested), DocumentsGenerated: t.latency(documentsGenerated),
		CollectionBooked: t.latency(collectionBooked), Completed: t.latency(completed),
	}
	// A backlog shows as shipments that wait to be accepted longer than all
	// that follows takes, and it is part of every latency.
	if wait := r.Latencies.Accepted.P50; wait > 1000 && wait > r.Latencies.Completed.P50/2 && r.Throughput > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("most of the time shipments waited in the queue, because they came faster than they were worked off, or nobody was there to; "+
			"use something like --rate %.2g for latencies without", 0.7*max(r.Throughput, r.SteadyThroughput)))
	}
	if t.tooEarly > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("%d times a collection was booked or a shipment completed before the collection delay of %v was over: "+
			"the hosts use a shorter one; say which with --collection-delay", t.tooEarly, t.collectionDelay))
	}
}

func (t *tracker) latency(k kind) Latency {
	h := t.latencies[k]
	at := func(percentile float64) float64 { return float64(h.ValueAtPercentile(percentile)) / 1000 }
	return Latency{Count: h.TotalCount(), P50: at(50), P95: at(95), P99: at(99), Max: float64(h.Max()) / 1000}
}

func seconds(d time.Duration) float64 { return math.Round(d.Seconds()*1000) / 1000 }

func perSecond(n int, in time.Duration) float64 {
	return math.Round(100*float64(n)/in.Seconds()) / 100
}
