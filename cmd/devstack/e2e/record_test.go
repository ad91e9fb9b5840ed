package e2e_test

import (
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
)

var (
	record        = flag.String("record", "", "folder to record workflow histories in, for the replay tests")
	recordVersion = flag.String("record-version", "", "what tells these histories from those of other versions, in their files' names")
)

// identity is who did it, which is nobody's business.
var identity = regexp.MustCompile(`"identity": *"[^"]*"`)

// TestRecordHistories checks that histories of every kind of workflow can be
// read; with -record it also writes them where the replay tests of the root
// module find them.
func TestRecordHistories(t *testing.T) {
	require.Equal(t, *record == "", *recordVersion == "", "-record and -record-version go together")
	for _, composition := range []string{"all", "none"} {
		s := start(t, composition, 4*time.Second)
		for _, id := range examples {
			status, _ := s.do(t, http.MethodPost, "/"+id)
			require.Equal(t, http.StatusAccepted, status)
		}
		for _, id := range examples {
			s.checkEnd(t, id)
		}
		s.changeMinds(t)
		seen := map[string]bool{}
		for _, id := range append([]string{cancelledID, rebookedID}, examples...) {
			for _, e := range s.executions(t, id) {
				kind := composition + "_" + e.GetType().GetName()
				switch ending := id[len(id)-1:]; e.GetType().GetName() {
				case "ShipmentProcess": // its id says the category
					kind += "_" + id[:1] + ending
				default:
					kind += "_" + ending
				}
				if seen[kind] {
					continue
				}
				seen[kind] = true
				history := &historypb.History{}
				events := s.temporal.GetWorkflowHistory(t.Context(), e.GetExecution().GetWorkflowId(), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
				for events.HasNext() {
					event, err := events.Next()
					require.NoError(t, err)
					history.Events = append(history.Events, event)
				}
				require.NotEmpty(t, history.GetEvents())
				text, err := temporalproto.CustomJSONMarshalOptions{Indent: " "}.Marshal(history)
				require.NoError(t, err)
				text = identity.ReplaceAll(text, []byte(`"identity": "recorded"`))
				if *record != "" {
					write(t, filepath.Join(*record, strings.ToLower(kind)+"."+*recordVersion+".json"), append(text, '\n'))
				}
			}
		}
	}
}

// write makes a file, and fails if it is there: what was recorded of an older
// version is still needed.
func write(t *testing.T, name string, text []byte) {
	t.Helper()
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	require.NoError(t, err, "choose another -record-version")
	defer file.Close()
	_, err = file.Write(text)
	require.NoError(t, err)
}
