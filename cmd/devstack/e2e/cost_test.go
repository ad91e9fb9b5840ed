package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"shipments/shipment/emulation"

	"github.com/stretchr/testify/require"
)

// budgets are limits of what an international shipment of two legs costs.
var budgets = map[string]struct {
	executions  int
	transitions float64
}{
	"none": {1, 8},
	"all":  {8, 75},
}

// cost is what a number of shipments cost together.
type cost struct {
	executions                               int
	historyEvents, transitions, historyBytes int64
	jetStreamMessages, jetStreamBytes        uint64
	cpu                                      time.Duration
}

// TestCostPerShipment prints what shipments cost, by composition and category,
// as Temporal and JetStream count it, and compares it with the budgets.
func TestCostPerShipment(t *testing.T) {
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "\ncomposition\tshipment\texecutions\thistory events\ttransitions\thistory bytes\tJetStream messages\tJetStream bytes\tCPU ms\t")
	for _, composition := range []string{"none", "all"} {
		t.Run(composition, func(t *testing.T) {
			s := start(t, composition, 200*time.Millisecond)
			for _, kind := range []struct {
				name  string
				route emulation.Route
			}{{"domestic", emulation.Domestic}, {"international-pt", emulation.Paperless}, {"international", emulation.International}} {
				t.Run(kind.name, func(t *testing.T) {
					const n = 10
					c := s.cost(t, n, kind.route)
					fmt.Fprintf(out, "%s\t%s\t%.2f\t%.2f\t%.2f\t%d\t%.2f\t%d\t%.1f\t\n", composition, kind.name,
						float64(c.executions)/n, float64(c.historyEvents)/n, float64(c.transitions)/n, c.historyBytes/n,
						float64(c.jetStreamMessages)/n, c.jetStreamBytes/n, float64(c.cpu.Microseconds())/1000/n)
					if kind.route == emulation.International {
						require.Equal(t, budgets[composition].executions*n, c.executions)
						require.LessOrEqual(t, float64(c.transitions)/n, budgets[composition].transitions)
					}
				})
			}
		})
	}
	require.NoError(t, out.Flush())
}

// cost runs n shipments of a category and adds up what they cost.
func (s *system) cost(t *testing.T, n int, route emulation.Route) cost {
	t.Helper()
	var c cost
	before := s.completed(t)
	began := cpu(t)
	messages, bytes := s.jetStream(t)
	var ids []string
	for i := range n {
		id := emulation.NewID(route, fmt.Sprintf("cost%02d", i), emulation.Succeeds)
		ids = append(ids, id)
		status, _ := s.do(t, http.MethodPost, "/"+id)
		require.Equal(t, http.StatusAccepted, status)
	}
	eventually(t, func() bool { return s.completed(t) == before+n }, "all shipments complete")
	c.cpu = cpu(t) - began
	after, afterBytes := s.jetStream(t)
	c.jetStreamMessages, c.jetStreamBytes = after-messages, afterBytes-bytes
	for _, id := range ids {
		s.checkEnd(t, id)
		for _, e := range s.executions(t, id) {
			d, err := s.temporal.DescribeWorkflowExecution(t.Context(), e.GetExecution().GetWorkflowId(), e.GetExecution().GetRunId())
			require.NoError(t, err)
			info := d.GetWorkflowExecutionInfo()
			c.executions++
			c.historyEvents += info.GetHistoryLength()
			c.transitions += info.GetStateTransitionCount()
			c.historyBytes += info.GetHistorySizeBytes()
		}
	}
	return c
}

func (s *system) jetStream(t testing.TB) (messages, bytes uint64) {
	t.Helper()
	info, err := s.js.AccountInfo(t.Context())
	require.NoError(t, err)
	streams := s.js.ListStreams(t.Context())
	for stream := range streams.Info() {
		messages += stream.State.Msgs
	}
	require.NoError(t, streams.Err())
	return messages, info.Store
}

// cpu is the processor time that this process has used.
func cpu(t testing.TB) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
