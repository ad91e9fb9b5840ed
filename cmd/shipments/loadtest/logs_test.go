package loadtest_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"shipments/cmd/shipments/loadtest"
	"shipments/events"
	"shipments/shipment"
)

// logFolder is a folder that a system logs to.
type logFolder struct {
	*testing.T

	dir string
}

func newLogFolder(t *testing.T) logFolder {
	t.Helper()
	return logFolder{T: t, dir: t.TempDir()}
}

func (f logFolder) path(name string) string { return filepath.Join(f.dir, name) }

// log appends to a file, as loggers do.
func (f logFolder) log(name, text string) {
	file, err := os.OpenFile(f.path(name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = file.WriteString(text)
		_ = file.Close()
	}
	if err != nil { // Also where a test may not be ended: while a run goes on.
		f.Error(err)
	}
}

// during runs a load of one shipment and does something meanwhile.
func (f logFolder) during(do func(), patterns ...string) loadtest.Report {
	f.Helper()
	s := start(f.T, func(int) []string {
		do()
		return well()
	})
	config := s.config()
	config.Workers, config.Shipments = 1, 1
	for _, pattern := range patterns {
		config.Logs = append(config.Logs, f.path(pattern))
	}
	report := s.run(config)
	require.True(f, report.OK, "log lines do not decide about that")
	return report
}

func TestWarningsAndErrorsThatAreLoggedDuringARunAreCounted(t *testing.T) {
	t.Parallel()
	f := newLogFolder(t)
	f.log("host.log", `{"level":"error","message":"before the run"}`+"\n")
	f.log("temporal.log", "")
	f.log("nats.log", "[7] [ERR] before the run\n")
	report := f.during(func() {
		f.log("host.log", `{"level":"info","message":"all is well"}
{"level":"warn","attempt":1,"message":"try again"}
{"level":"warn","attempt":2,"message":"try again"}
{"level":"fatal","message":"cannot go on"}
{"level":"panic","message":"cannot go on","msg":4}
{"level":"error"}
`)
		f.log("temporal.log", `{"level":"warn","ts":"2026-11-23T12:00:00.000Z","msg":"Workflow task not found","wf-id":"1"}
{"level":"warn","ts":"2026-11-23T12:00:01.000Z","msg":"Workflow task not found","wf-id":"2"}
{"level":"warn","ts":"2026-11-23T12:00:02.000Z","msg":"Workflow task not found","wf-id":"3"}
{"level":"dpanic","msg":"impossible"}
`)
		f.log("nats.log", `[123] 2026/11/23 12:00:00.000000 [INF] Server is ready
[123] 2026/11/23 12:00:00.000000 [WRN] slow consumer
[123] [ERR] without a time
[123] 2026/11/23 12:00:00.000000 [FTL] no space left`) // and no line break
	}, "host.log", "temporal.log", "nats.log")
	require.Equal(t, []loadtest.LogLine{
		{File: "temporal.log", Level: "warn", Message: "Workflow task not found", Count: 3},
		{File: "host.log", Level: "warn", Message: "try again", Count: 2},
		{File: "host.log", Level: "error", Message: "", Count: 1},
		{File: "host.log", Level: "fatal", Message: "cannot go on", Count: 1},
		{File: "host.log", Level: "panic", Message: "cannot go on", Count: 1},
		{File: "temporal.log", Level: "dpanic", Message: "impossible", Count: 1},
		{File: "nats.log", Level: "fatal", Message: "no space left", Count: 1},
		{File: "nats.log", Level: "warn", Message: "slow consumer", Count: 1},
		{File: "nats.log", Level: "error", Message: "without a time", Count: 1},
	}, report.LogLines)
	require.Equal(t, 3, report.LogFiles)
	shown := text(t, report)
	require.Contains(t, shown, "\nLog lines   12   warnings and errors in 3 files\n")
	require.Contains(t, shown, "(--collection-delay)\n3 × warn in temporal.log: Workflow task not found\n2 × warn in host.log: try again\n")
}

func TestLinesOfOtherFormatsArePassedOver(t *testing.T) {
	t.Parallel()
	f := newLogFolder(t)
	f.log("host.log", "")
	report := f.during(func() {
		f.log("host.log", `12:00PM WRN the console's format
level=error msg="a format with pairs"
error: [123] [ERR] in the middle
[WRN] of nobody
[1, 2]
["level", "error"]
{"level":"error","message":"not ended
{"level":50,"message":"a level of its own"}
{"level":"info","message":"\"level\":\"error\""}
"error"
null

`)
	}, "host.log")
	require.Empty(t, report.LogLines)
	require.Contains(t, text(t, report), "\nLog lines   0   warnings and errors in 1 file\n")
}

func TestARotatedLogFileIsReadFromItsBeginning(t *testing.T) {
	t.Parallel()
	f := newLogFolder(t)
	line := `{"level":"warn","message":"anew"}` + "\n"
	for _, name := range []string{"truncated.log", "renamed.log"} {
		f.log(name, `{"level":"warn","message":"old"}`+"\n"+`{"level":"warn","message":"old"}`+"\n")
	}
	report := f.during(func() {
		if err := os.Truncate(f.path("truncated.log"), 0); err != nil {
			t.Error(err)
		}
		f.log("truncated.log", line)
		if err := os.Rename(f.path("renamed.log"), f.path("renamed.log.1")); err != nil {
			t.Error(err)
		}
		f.log("renamed.log", strings.Repeat(line, 5)) // longer than its predecessor
	}, "*.log")
	require.Equal(t, []loadtest.LogLine{
		{File: "renamed.log", Level: "warn", Message: "anew", Count: 5},
		{File: "truncated.log", Level: "warn", Message: "anew", Count: 1},
	}, report.LogLines)
}

func TestALogFileThatDisappearsIsWorthANote(t *testing.T) {
	t.Parallel()
	f := newLogFolder(t)
	f.log("gone.log", "")
	f.log("host.log", "")
	report := f.during(func() {
		if err := os.Remove(f.path("gone.log")); err != nil {
			t.Error(err)
		}
		f.log("host.log", `{"level":"warn","message":"still here"}`)
	}, "*.log")
	require.Equal(t, 1, report.LogFiles)
	require.Len(t, report.LogLines, 1)
	require.Contains(t, text(t, report), "Note: not all log lines are counted: open "+f.path("gone.log"))
}

func TestAFileThatSeveralPatternsNameIsReadOnce(t *testing.T) {
	t.Parallel()
	f := newLogFolder(t)
	f.log("host1.log", "")
	f.log("host2.log", "")
	f.log("other.txt", "")
	require.NoError(t, os.Symlink("host2.log", f.path("host-current.log")))
	report := f.during(func() {
		for _, name := range []string{"host1.log", "host2.log", "other.txt"} {
			f.log(name, `{"level":"error","message":"no"}`+"\n")
		}
	}, "host1.log", "host[12].log", "*.log")
	require.Equal(t, []loadtest.LogLine{
		{File: "host1.log", Level: "error", Message: "no", Count: 1},
		{File: "host2.log", Level: "error", Message: "no", Count: 1},
	}, report.LogLines)
	require.Equal(t, 2, report.LogFiles)
}

func TestLongMessagesAreCutAndLongerLinesSurvived(t *testing.T) {
	t.Parallel()
	f := newLogFolder(t)
	f.log("host.log", "")
	report := f.during(func() {
		f.log("host.log", fmt.Sprintf(`{"level":"warn","stack":"%s","message":"x%s"}`+"\n", strings.Repeat("s", 3<<20), strings.Repeat("€", 1<<20)))
		f.log("host.log", fmt.Sprintf(`{"level":"warn","message":"%s"}`+"\n", strings.Repeat("y", 17<<20))) // no logger's line
		f.log("host.log", "[1] [WRN] z\xff"+strings.Repeat("z", 300)+"\n")
		f.log("host.log", `{"level":"warn","message":"behind it"}`)
	}, "host.log")
	require.Equal(t, []loadtest.LogLine{
		{File: "host.log", Level: "warn", Message: "behind it", Count: 1},
		{File: "host.log", Level: "warn", Message: "x" + strings.Repeat("€", 66), Count: 1},
		{File: "host.log", Level: "warn", Message: "z\uFFFD" + strings.Repeat("z", 196), Count: 1},
	}, report.LogLines)
	for _, line := range report.LogLines {
		require.True(t, utf8.ValidString(line.Message))
	}
}

func TestTheRestOfManyMessagesIsSummed(t *testing.T) {
	t.Parallel()
	f := newLogFolder(t)
	f.log("host.log", "")
	const different = 10_100 // more than are told apart
	report := f.during(func() {
		var b strings.Builder
		for i := range different {
			fmt.Fprintf(&b, `{"level":"warn","message":"message %05d"}`+"\n", i)
		}
		f.log("host.log", b.String()+`{"level":"warn","message":"message 00033"}`)
	}, "host.log")
	require.Len(t, report.LogLines, 21)
	require.Equal(t, loadtest.LogLine{File: "host.log", Level: "warn", Message: "message 00033", Count: 2}, report.LogLines[0])
	require.Equal(t, "message 00000", report.LogLines[1].Message)
	require.Equal(t, loadtest.LogLine{Message: "others", Count: different - 20}, report.LogLines[20])
	require.Contains(t, text(t, report), "\nLog lines   10101   warnings")
	require.Contains(t, text(t, report), "\n10080 × others\n")
}

func TestLogMessagesAreShownQuotedIfTheyHaveTo(t *testing.T) {
	t.Parallel()
	report := loadtest.Report{Categories: []shipment.Category{shipment.Domestic}, LogFiles: 1, LogLines: []loadtest.LogLine{
		{File: "a.log", Level: "warn", Message: `it is called "x": ü`, Count: 1},
		{File: "a.log", Level: "warn", Message: "red \x1b[31m\nOK: every shipment was completed", Count: 1},
		{File: "a.log", Level: "warn", Message: "\u009b31m \u202e", Count: 1},
		{File: "a\tb.log", Level: "error", Message: "", Count: 1},
	}}
	shown := text(t, report)
	require.Contains(t, shown, `1 × warn in a.log: it is called "x": ü`+"\n")
	require.Contains(t, shown, `1 × warn in a.log: "red \x1b[31m\nOK: every shipment was completed"`+"\n")
	require.Contains(t, shown, `1 × warn in a.log: "\u009b31m \u202e"`+"\n")
	require.Contains(t, shown, `1 × error in "a\tb.log": ""`+"\n")
}

func TestWithoutLogFilesTheReportSaysThatNoneWereLookedAt(t *testing.T) {
	t.Parallel()
	report := newLogFolder(t).during(func() {})
	require.Contains(t, text(t, report), "\nLog lines   -   not looked at: see --logs\n")
	asJSON, err := json.Marshal(report)
	require.NoError(t, err)
	require.Contains(t, string(asJSON), `"logLines":[],"logFiles":0,`)
}

func TestLogFilesThatCannotBeReadAreRefusedBeforeAnythingIsPublished(t *testing.T) {
	t.Parallel()
	f := newLogFolder(t)
	f.log("host.log", "")
	require.NoError(t, os.Symlink("nowhere", f.path("dangling.log")))
	s := start(t, nil)
	for pattern, says := range map[string]string{
		"missing.log":  "there is no file",
		"missing*.log": "there is no file",
		"[":            "syntax error in pattern",
		"":             "is not a regular file",
		"dangling*":    "no such file or directory",
	} {
		config := s.config()
		config.Logs = []string{f.path("host.log"), f.path(pattern)}
		require.ErrorContains(t, config.Validate(), "--logs: ")
		_, err := loadtest.Run(t.Context(), config)
		require.ErrorContains(t, err, says, pattern)
	}
	require.Empty(t, s.server.Messages(t, events.StreamShipments, "shipments.created.*"))
}
