package faults_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// proxy forwards connections to a server, with faults. It is safe for concurrent use.
type proxy struct {
	listener net.Listener
	target   string
	// frames is set for the NATS protocol, in which single frames can be lost.
	frames bool

	mu       sync.Mutex
	open     map[net.Conn]bool
	refusing bool             // new connections are closed
	mute     bool             // replies are lost
	stalled  chan struct{}    // closed when the connections continue
	unlucky  func(frame) bool // reports whether a frame is lost
}

// newProxy starts a proxy, which runs until the test ends.
func newProxy(t *testing.T, target string, frames bool) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{listener: listener, target: target, frames: frames, open: map[net.Conn]bool{}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go p.serve(client)
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
		p.heal()
		p.cut()
	})
	return p
}

func (p *proxy) address() string { return p.listener.Addr().String() }

// cut closes all connections, and new ones at once, until heal.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refusing = true
	p.closeAll()
}

// stall delays everything that is sent, in both directions, until heal.
func (p *proxy) stall() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stalled == nil {
		p.stalled = make(chan struct{})
	}
}

// loseReplies loses what the server sends, until heal. That closes the connections:
// their streams of bytes have a gap.
func (p *proxy) loseReplies() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mute = true
}

// lose loses the frames of the NATS protocol that match, until heal.
func (p *proxy) lose(matches func(frame) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unlucky = matches
}

// heal ends all faults.
func (p *proxy) heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mute {
		p.closeAll()
	}
	if p.stalled != nil {
		close(p.stalled)
	}
	p.refusing, p.mute, p.stalled, p.unlucky = false, false, nil, nil
}

func (p *proxy) closeAll() {
	for conn := range p.open {
		_ = conn.Close()
	}
}

// enter registers connections, unless all are cut.
func (p *proxy) enter(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refusing {
		return false
	}
	for _, c := range conns {
		p.open[c] = true
	}
	return true
}

func (p *proxy) leave(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		delete(p.open, c)
	}
}

func (p *proxy) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer server.Close()
	if !p.enter(client, server) {
		return
	}
	defer p.leave(client, server)
	copied := make(chan struct{}, 2)
	carry := func(to, from net.Conn, reply bool) {
		if p.frames {
			p.carryFrames(to, bufio.NewReader(from), reply)
		} else {
			p.carryBytes(to, from, reply)
		}
		copied <- struct{}{}
	}
	go carry(server, client, false)
	go carry(client, server, true)
	<-copied
}

func (p *proxy) carryBytes(to io.Writer, from io.Reader, reply bool) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if p.isLost(frame{}, reply) {
			continue
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func (p *proxy) carryFrames(to io.Writer, from *bufio.Reader, reply bool) {
	for {
		f, err := readFrame(from)
		if err != nil {
			return
		}
		if p.isLost(f, reply) {
			continue
		}
		if _, err := to.Write(f.raw); err != nil {
			return
		}
	}
}

// isLost waits while the proxy stalls, and reports whether a frame, or bytes of
// another protocol, are lost.
func (p *proxy) isLost(f frame, reply bool) bool {
	p.mu.Lock()
	stalled := p.stalled
	p.mu.Unlock()
	if stalled != nil {
		<-stalled
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return (p.mute && reply) || (p.unlucky != nil && f.verb != "" && p.unlucky(f))
}

// frame is one message of the NATS client protocol, see
// https://docs.nats.io/reference/reference-protocols/nats-protocol
type frame struct {
	verb    string // PUB, HPUB, MSG, HMSG, PING, …
	subject string
	reply   string
	payload []byte // with headers, if it has any
	raw     []byte
}

func readFrame(r *bufio.Reader) (frame, error) {
	line, err := r.ReadBytes('\n')
	if err != nil {
		return frame{}, err
	}
	words := strings.Fields(string(line))
	if len(words) == 0 {
		return frame{raw: line}, nil
	}
	f := frame{verb: strings.ToUpper(words[0]), raw: line}
	sizes := 1
	switch f.verb {
	case "HPUB", "HMSG":
		sizes = 2
	case "PUB", "MSG":
	default:
		return f, nil
	}
	names := words[1 : len(words)-sizes]
	if len(names) == 0 {
		return f, errors.New("malformed frame")
	}
	f.subject = names[0]
	replyAt := 1 // PUB subject [reply]; MSG subject sid [reply]
	if strings.HasSuffix(f.verb, "MSG") {
		replyAt = 2
	}
	if len(names) > replyAt {
		f.reply = names[replyAt]
	}
	size, err := strconv.Atoi(words[len(words)-1])
	if err != nil {
		return f, err
	}
	body := make([]byte, size+2)
	if _, err := io.ReadFull(r, body); err != nil {
		return f, err
	}
	f.payload = body[:size]
	f.raw = append(bytes.Clone(line), body...)
	return f, nil
}
