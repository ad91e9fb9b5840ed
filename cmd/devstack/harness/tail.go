package harness

import (
	"bytes"
	"sync"
)

// tail is a writer that keeps the last bytes written, from the beginning of a
// line on. It is safe for concurrent use.
type tail struct {
	mu   sync.Mutex
	text []byte
}

// tailBytes is how much a tail keeps at least, once that much was written.
const tailBytes = 4 << 10

// Write keeps what is written.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if len(t.text) > 2*tailBytes {
		t.text = bytes.Clone(t.text[len(t.text)-tailBytes:])
		if _, rest, found := bytes.Cut(t.text, []byte("\n")); found {
			t.text = rest
		}
	}
	return len(p), nil
}

// String is what is kept.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
