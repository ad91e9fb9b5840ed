package api

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"shipments/api/auth"
	"shipments/api/index"
)

const (
	eventStream = "text/event-stream"
	// heartbeat is how often a stream sends something: proxies end silent ones.
	heartbeat = 15 * time.Second
	// sendTimeout bounds one write to a client that does not read.
	sendTimeout = 10 * time.Second
	// maxStreams bounds the clients that follow something at once, or wait for it.
	maxStreams = 1000
)

// wakes is what an [index.Following] is to a stream.
type wakes interface {
	Wake() <-chan struct{}
	News() (index.Event, int)
}

// stream sends server-sent events to one client.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	r       *http.Request
	release func()
	stopped <-chan struct{}
}

// openStream begins to send events. It is not ok if there are too many clients, and
// for a HEAD request; the reply is written then.
func (a *api) openStream(w http.ResponseWriter, r *http.Request) (*stream, bool) {
	release, ok := a.takeSlot(w)
	if !ok {
		return nil, false
	}
	s := &stream{w: w, control: http.NewResponseController(w), r: r, release: release, stopped: stopping(r.Context())}
	h := w.Header()
	h.Set("Content-Type", eventStream)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	h.Set("X-Content-Type-Options", "nosniff")
	if r.Method == http.MethodHead { // Its reply has no body, so nothing would end it.
		release()
		return nil, false
	}
	if s.write("retry: 2000\n\n") != nil {
		release()
		return nil, false
	}
	return s, true
}

// takeSlot takes one of the places for clients that stay. It is not ok if there
// is none; the reply is written then.
func (a *api) takeSlot(w http.ResponseWriter) (release func(), ok bool) {
	select {
	case a.streams <- struct{}{}:
		return func() { <-a.streams }, true
	default:
		problem(w, http.StatusServiceUnavailable, "too many clients follow shipments; try again")
		return nil, false
	}
}

func (s *stream) close() { s.release() }

// send sends an event. text has no line break.
func (s *stream) send(id, name string, text []byte) error {
	head := ""
	if id != "" {
		head = "id: " + id + "\n"
	}
	return s.write(fmt.Sprintf("%sevent: %s\ndata: %s\n\n", head, name, text))
}

func (s *stream) write(text string) error {
	if err := s.control.SetWriteDeadline(time.Now().Add(sendTimeout)); err != nil {
		return err
	}
	if _, err := s.w.Write([]byte(text)); err != nil {
		return err
	}
	return s.control.Flush()
}

// wait waits for news, with heartbeats, and reports whether to go on: not if the client
// may not read this any longer.
func (s *stream) wait(news <-chan struct{}) bool {
	ticker := time.NewTicker(heartbeat)
	defer ticker.Stop()
	for {
		select {
		case <-news:
			return auth.StillMay(s.r.Context())
		case <-ticker.C:
			if !auth.StillMay(s.r.Context()) || s.write(": \n\n") != nil {
				return false
			}
		case <-s.r.Context().Done():
			return false
		case <-s.stopped:
			return false
		}
	}
}

// pause waits for a time, and reports whether to go on.
func (s *stream) pause(d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-s.r.Context().Done():
	case <-s.stopped:
	}
	return false
}

// stoppingKey is the key of a channel in the context of requests that is closed
// when the server stops: requests that would stay end then.
type stoppingKey struct{}

// withStopping is the base context of a server that stops when ctx is done. The
// requests themselves may finish.
func withStopping(ctx context.Context) func(net.Listener) context.Context {
	return func(net.Listener) context.Context {
		return context.WithValue(context.WithoutCancel(ctx), stoppingKey{}, ctx.Done())
	}
}

// stopping is closed when the server of a request stops; nil if it is not known.
func stopping(ctx context.Context) <-chan struct{} {
	stopped, _ := ctx.Value(stoppingKey{}).(<-chan struct{})
	return stopped
}
