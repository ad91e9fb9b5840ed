package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/cmd/devstack/stack"
	"shipments/shipment"
	"shipments/shipment/emulation"
)

// TestReconfigurationLeavesWhatRuns restarts the system with another composition
// and the other way to call carriers. A process that runs goes on as it began; one
// that begins then follows the new configuration.
func TestReconfigurationLeavesWhatRuns(t *testing.T) {
	dir := t.TempDir()
	begun := map[string]int{} // the executions of the shipments whose processes run
	for _, phase := range []struct {
		name, composition, firstTry string
		executions                  int
	}{
		{"first", "none", "true", 1},
		{"second", "all", "false", 8},
		{"third", "manifestation,collection", "true", 3},
		{"fourth", "none", "false", 1},
	} {
		t.Run(phase.name+" "+phase.composition, func(t *testing.T) {
			t.Setenv("SHIPMENTS_CARRIER_FIRST_TRY", phase.firstTry)
			s := startWith(t, phase.composition, 5*time.Second, stack.Options{Dir: dir})
			id := emulation.NewID(emulation.International, phase.name, emulation.Succeeds)
			status, _ := s.do(t, http.MethodPost, "/"+id)
			require.Equal(t, http.StatusAccepted, status)
			eventually(t, func() bool { return len(s.story(t, id)) >= 3 }, "it waits for its collection")
			for other, executions := range begun {
				result, _ := s.ended(t, other)
				require.Equal(t, shipment.Success, result.Status)
				require.Equal(t, successStory, s.story(t, other))
				eventually(t, func() bool { return len(s.executions(t, other)) == executions }, "%s began with %d executions", other, executions)
			}
			begun = map[string]int{id: phase.executions}
		})
	}
}
