package faults_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/rs/zerolog"

	"shipments/cmd/devstack/harness"
	"shipments/cmd/devstack/stack"
	"shipments/hosts"
)

var full = flag.Bool("full", false, "longer outages and more load")

// programs is the folder of the binaries that the tests build.
var programs string

func TestMain(m *testing.M) {
	os.Exit(harness.Main(func() int { return runTests(m) }, map[string]func(context.Context, []string) error{roleNATS: natsServer, roleTemporal: temporalServer}))
}

func runTests(m *testing.M) int {
	flag.Parse()
	// A test spends most of its time waiting.
	if err := flag.Set("test.parallel", "4"); err != nil {
		panic(err)
	}
	var err error
	if programs, err = os.MkdirTemp("", "shipments-faults-"); err != nil {
		panic(err)
	}
	defer os.RemoveAll(programs)
	code := m.Run()
	table.print()
	alertTable.print()
	return code
}

// roleNATS is a NATS server, as the nats-server command runs it.
const roleNATS = "nats-server"

func natsServer(_ context.Context, args []string) error {
	flags := flag.NewFlagSet(roleNATS, flag.ContinueOnError)
	options, err := natsserver.ConfigureOptions(flags, args, nil, nil, nil)
	if err != nil {
		return err
	}
	server, err := natsserver.NewServer(options)
	if err != nil {
		return err
	}
	server.ConfigureLogger()
	if err := natsserver.Run(server); err != nil {
		return err
	}
	server.WaitForShutdown()
	return nil
}

// roleTemporal is a Temporal server that asks its clients for certificates. Its arguments
// are its folder, its port, and the files of its certificate, key and authorities.
const roleTemporal = "temporal-server"

func temporalServer(ctx context.Context, args []string) error {
	port, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	config, err := hosts.LoadConfig()
	if err != nil {
		return err
	}
	s, err := stack.Start(ctx, stack.Options{
		Dir: args[0], TemporalPort: port, NoUI: true, Config: config, Log: zerolog.New(os.Stderr), TemporalTLS: &stack.TLS{Cert: args[2], Key: args[3], CA: args[4]},
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stdout, "Ready")
	<-ctx.Done()
	return s.Stop()
}

// either is how long an outage lasts: short, or long with -full.
func either(short, long time.Duration) time.Duration {
	if *full {
		return long
	}
	return short
}

// results are the lines of the table that is printed at the end.
type results struct {
	mu    sync.Mutex
	lines []result
}

// result is the line of one test.
type result struct {
	row, fault string
	tally
	recovered time.Duration
}

var table results

func (r *results) add(line result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, line)
}

func (r *results) print() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.lines) == 0 {
		return
	}
	slices.SortFunc(r.lines, func(a, b result) int { return strings.Compare(a.row+a.fault, b.row+b.fault) })
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "\nROW\tFAULT\tINPUTS\tEFFECTS\tREPEATS\tREJECTIONS\tLOST\tDOUBLED\tRECOVERED IN")
	for _, l := range r.lines {
		fmt.Fprintf(out, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%s\n", l.row, l.fault, l.inputs, l.effects, l.repeats, l.rejections,
			len(l.lost), len(l.doubled), l.recovered.Round(100*time.Millisecond))
	}
	_ = out.Flush() // To standard output, whose errors are not handled.
}
