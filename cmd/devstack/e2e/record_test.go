package e2e_test

import (
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"shipments/shipment/emulation"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
)

var (
	record        = flag.String("record", "", "folder in which to record workflow histories, for the replay tests")
	recordVersion = flag.String("record-version", "", "suffix of the files' names, one for each version of the workflows")
)

// identity matches the names of processes and machines in a history.
var identity = regexp.MustCompile(`"identity": *"[^"]*"`)

// TestRecordHistories checks that histories of every kind of workflow can be
// read; with -record it also writes them where the replay tests of the root
// module find them.
func TestRecordHistories(t *testing.T) {
	require.Equal(t, *record == "", *recordVersion == "", "-record and -record-version go together")
	for _, composition := range []string{"all", "none"} {
		t.Run(composition, func(t *testing.T) {
			s := start(t, composition, 4*time.Second)
			for _, id := range examples {
				status, _ := s.do(t, http.MethodPost, "/"+id)
				require.Equal(t, http.StatusAccepted, status)
			}
			for _, id := range examples {
				s.checkEnd(t, id)
			}
			s.cancelAndRebook(t)
			seen := map[string]bool{}
			for _, id := range slices.Concat([]string{cancelledID, rebookedID}, examples) {
				for _, e := range s.executions(t, id) {
					kind := composition + "_" + kindOf(e.GetType().GetName(), id)
					if seen[kind] {
						continue
					}
					seen[kind] = true
					text := s.history(t, e.GetExecution().GetWorkflowId())
					if *record != "" {
						write(t, filepath.Join(*record, strings.ToLower(kind)+"."+*recordVersion+".json"), append(text, '\n'))
					}
				}
			}
		})
	}
}

// kindOf names the kind of history that a shipment's workflow has: the workflow,
// and how the shipment ends. The entry workflow's also has the category.
func kindOf(workflow, id string) string {
	ending := string(emulation.ID(id).Ending())
	if id == cancelledID {
		ending = "x"
	}
	if workflow == "ShipmentProcess" {
		ending = string(emulation.ID(id).Route()) + ending
	}
	return workflow + "_" + ending
}

// history returns a workflow's history as JSON.
func (s *system) history(t *testing.T, workflowID string) []byte {
	t.Helper()
	history := &historypb.History{}
	events := s.temporal.GetWorkflowHistory(t.Context(), workflowID, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(t, err)
		history.Events = append(history.Events, event)
	}
	require.NotEmpty(t, history.GetEvents())
	text, err := temporalproto.CustomJSONMarshalOptions{Indent: " "}.Marshal(history)
	require.NoError(t, err)
	return identity.ReplaceAll(text, []byte(`"identity": "recorded"`))
}

// write makes a file. It fails if the file exists: the histories of older versions
// are not replaced.
func write(t *testing.T, name string, text []byte) {
	t.Helper()
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	require.NoError(t, err, "choose another -record-version")
	defer file.Close()
	_, err = file.Write(text)
	require.NoError(t, err)
}
