package loadtest

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"shipments/events/streams"
	"shipments/shipment"
)

// The defaults of a run.
const (
	DefaultWorkers   = 10
	DefaultShipments = 1000
	DefaultDelay     = 50 * time.Millisecond
	DefaultTimeout   = 2 * time.Minute
)

// maxShipments bounds a run: 240 MB of state.
const maxShipments = 10_000_000

// Config says what to publish and where.
type Config struct {
	JS        jetstream.JetStream
	Publisher *streams.Publisher

	// Workers publish Shipments each.
	Workers   int
	Shipments int
	// Delay is the time between two shipments of one worker. Rate, if it is
	// not 0, takes its place: shipments per second over all workers.
	Delay time.Duration
	Rate  float64
	// Categories are taken in turn. They hold while the hosts emulate.
	Categories []shipment.Category
	// CollectionDelay is that of the hosts, which no event contains. It is
	// subtracted from the latencies that contain it.
	CollectionDelay time.Duration
	// Timeout is how long nothing may move before the run is given up. The
	// times in which nothing has to move come on top.
	Timeout time.Duration

	// Progress is where to show how it goes; nil for nowhere.
	Progress io.Writer
	// Terminal says that Progress is a terminal: a bar is redrawn in place
	// there, instead of a line every few seconds.
	Terminal bool
}

// total is how many shipments the run is to publish.
func (c Config) total() int { return c.Workers * c.Shipments }

// spacing is the time between two shipments, whichever workers publish them.
func (c Config) spacing() time.Duration {
	if c.Rate > 0 {
		return time.Duration(float64(time.Second) / c.Rate)
	}
	return c.Delay / time.Duration(c.Workers)
}

// patience is how long nothing may move: with a slow pace or a long timer,
// nothing does for a while although all is well.
func (c Config) patience() time.Duration { return c.Timeout + c.CollectionDelay + c.spacing() }

// Validate returns an error for each value that is not possible, in the words of
// the command's flags. It needs no connection.
func (c Config) Validate() error {
	var wrong []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			wrong = append(wrong, fmt.Errorf(format, args...))
		}
	}
	check(c.Workers >= 1 && c.Workers <= 10_000, "--workers is %d: use 1 to 10000", c.Workers)
	check(c.Shipments >= 1 && c.Shipments <= maxShipments, "--shipments is %d: use 1 to %d", c.Shipments, maxShipments)
	check(len(wrong) > 0 || c.total() <= maxShipments, "--workers times --shipments is more than %d", maxShipments)
	check(c.Delay >= 0, "--delay is %v: it cannot be negative", c.Delay)
	check(c.Rate == 0 || (c.Rate >= 0.001 && c.Rate <= 1_000_000), "--rate is %v: use 0.001 to 1000000 shipments per second", c.Rate)
	check(c.CollectionDelay >= 0, "--collection-delay is %v: it cannot be negative", c.CollectionDelay)
	check(c.Timeout > 0, "--timeout is %v: it has to be positive", c.Timeout)
	check(len(c.Categories) > 0, "--categories names none: use %s", categoryNames())
	for _, category := range c.Categories {
		check(slices.Contains(categories(), category), "--categories: %q is none of %s", category, categoryNames())
	}
	return errors.Join(wrong...)
}

func categories() []shipment.Category {
	return []shipment.Category{shipment.Domestic, shipment.International, shipment.InternationalPaperless}
}

func categoryNames() string {
	names := make([]string, 0, len(categories()))
	for _, c := range categories() {
		names = append(names, string(c))
	}
	return strings.Join(names, ", ")
}
