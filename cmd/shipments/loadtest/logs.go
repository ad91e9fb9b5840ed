package loadtest

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	// maxLogLines bounds the different messages of a report.
	maxLogLines = 20
	// maxLogMessage bounds one of them, in bytes.
	maxLogMessage = 200
	// maxDifferent bounds those that are told apart: messages with ids or times
	// in them would fill the memory.
	maxDifferent = 10_000
	// maxLineLength bounds what is held of a file at a time: one that is no log
	// may have no lines at all.
	maxLineLength = 16 << 20
)

// others is the message of the lines beyond the report's bounds.
const others = "others"

// LogLine is a warning or an error that was logged during a run, and how often.
// What is beyond the report's bounds has the message others, and no file and
// level.
type LogLine struct {
	// File is the file's name without its folder: files of the same name count
	// as one.
	File string `json:"file"`
	// Level is warn, error, fatal, panic or dpanic.
	Level string `json:"level"`
	// Message is cut to 200 bytes, and as it was logged otherwise: quote it
	// before it is shown.
	Message string `json:"message"`
	Count   int    `json:"count"`
}

// logFile is a file that the system logs to, as it was before the run.
type logFile struct {
	path   string
	before os.FileInfo
}

// findLogs finds the files that patterns name, and notes their sizes. A file
// that cannot be read is an error now, not after the run.
func findLogs(patterns []string) ([]logFile, error) {
	var found []logFile
	for _, pattern := range patterns {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			return nil, fmt.Errorf("--logs: %q: %w", pattern, err)
		}
		if len(paths) == 0 {
			return nil, fmt.Errorf("--logs: there is no file %q", pattern)
		}
		for _, path := range paths {
			info, err := readableFile(path)
			if err != nil {
				return nil, fmt.Errorf("--logs: %w", err)
			}
			// Patterns may overlap, and a link may lead to a file that is named too.
			known := func(f logFile) bool { return os.SameFile(f.before, info) }
			if !slices.ContainsFunc(found, known) {
				found = append(found, logFile{path: path, before: info})
			}
		}
	}
	return found, nil
}

// readableFile says what a file is, if it can be read again later.
func readableFile(path string) (os.FileInfo, error) {
	// Before it is opened: opening a pipe waits for somebody to write to it.
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%q is not a regular file", path)
	}
	f, err := os.Open(path) //nolint:gosec // the user names it
	if err != nil {
		return nil, err
	}
	return info, f.Close()
}

// addLogs counts what was logged since the files were found. A file that cannot
// be read any more is worth a note: the run is over, and its report is wanted.
func (r *Report) addLogs(files []logFile) {
	tally := logTally{counts: map[LogLine]int{}}
	for _, file := range files {
		if err := tally.read(file); err != nil {
			r.Notes = append(r.Notes, fmt.Sprintf("not all log lines are counted: %s", quoted(err.Error())))
			continue
		}
		r.LogFiles++
	}
	r.LogLines = tally.lines()
}

// logTally counts log lines that are alike. Its keys have no Count.
type logTally struct {
	counts map[LogLine]int
	others int
}

// read counts what was appended to a file. A file that shrank, or another one
// in its place, was begun anew: what it holds is of this run. What was written
// to its predecessor last is missed.
func (t *logTally) read(file logFile) error {
	f, err := os.Open(file.path)
	if err != nil {
		return err
	}
	defer f.Close()
	now, err := f.Stat()
	if err != nil {
		return err
	}
	from := file.before.Size()
	if now.Size() < from || !os.SameFile(file.before, now) {
		from = 0
	}
	// Up to its size now: the system goes on logging.
	lines := bufio.NewReader(io.NewSectionReader(f, from, now.Size()-from))
	name := filepath.Base(file.path)
	var line []byte
	for {
		line, err = readLine(lines, line[:0])
		if level, message, ok := parseLogLine(line); ok {
			t.add(LogLine{File: name, Level: level, Message: cut(message)})
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// readLine appends a line to a buffer, or nothing of one that is too long. With
// io.EOF it may return a last line that is not terminated.
func readLine(from *bufio.Reader, line []byte) ([]byte, error) {
	tooLong := false
	for {
		part, err := from.ReadSlice('\n')
		if tooLong = tooLong || len(line)+len(part) > maxLineLength; tooLong {
			line = line[:0]
		} else {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

func (t *logTally) add(line LogLine) {
	if _, known := t.counts[line]; !known && len(t.counts) >= maxDifferent {
		t.others++
		return
	}
	t.counts[line]++
}

// lines are the most frequent first, and the rest in one.
func (t *logTally) lines() []LogLine {
	list := make([]LogLine, 0, len(t.counts))
	for line, count := range t.counts {
		line.Count = count
		list = append(list, line)
	}
	slices.SortFunc(list, func(a, b LogLine) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Message, b.Message),
			cmp.Compare(a.File, b.File), cmp.Compare(a.Level, b.Level))
	})
	rest := t.others
	for _, line := range list[min(len(list), maxLogLines):] {
		rest += line.Count
	}
	list = list[:min(len(list), maxLogLines)]
	if rest > 0 {
		list = append(list, LogLine{Message: others, Count: rest})
	}
	return list
}

// natsLine is a line of nats-server that counts. It has a time or not, as the
// server is configured.
var natsLine = regexp.MustCompile(`^\[\d+\] (?:\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d+)? )?\[(WRN|ERR|FTL)\] (.*)`)

var natsLevels = map[string]string{"WRN": "warn", "ERR": "error", "FTL": "fatal"}

// parseLogLine recognises a warning or an error; anything else is not ok, also
// lines of an unknown format: better to miss one than to take a mere mention of
// an error for one.
func parseLogLine(line []byte) (level, message string, ok bool) {
	if len(line) == 0 {
		return "", "", false
	}
	if line[0] == '[' {
		parts := natsLine.FindSubmatch(line)
		if parts == nil {
			return "", "", false
		}
		return natsLevels[string(parts[1])], strings.TrimSpace(string(parts[2])), true
	}
	// The hosts' lines have a message (zerolog), those of Temporal a msg (zap).
	var entry struct {
		Level   string `json:"level"`
		Message string `json:"message"`
		Msg     string `json:"msg"`
	}
	// What is not text, such as a msg that is a number, is left out, and the
	// line counts by the rest of it.
	var notText *json.UnmarshalTypeError
	if err := json.Unmarshal(line, &entry); err != nil && !errors.As(err, &notText) {
		return "", "", false
	}
	switch entry.Level {
	case "warn", "error", "fatal", "panic", "dpanic":
		return entry.Level, cmp.Or(entry.Message, entry.Msg), true
	default:
		return "", "", false
	}
}

// cut is the beginning of a message. It keeps nothing of a long one in memory.
func cut(message string) string {
	message = strings.ToValidUTF8(message, string(utf8.RuneError))
	if len(message) <= maxLogMessage {
		return message
	}
	end := maxLogMessage
	for !utf8.RuneStart(message[end]) {
		end--
	}
	return strings.Clone(message[:end])
}

// quoted is a text as it is if all of it can be printed, and else quoted: what
// comes from a log may hold line breaks, or commands to a terminal.
func quoted(s string) string {
	if s == "" || strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsPrint(r) }) {
		return strconv.Quote(s)
	}
	return s
}
