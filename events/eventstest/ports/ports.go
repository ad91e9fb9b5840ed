package ports

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"syscall"
)

// loopback is the address that the ports belong to.
const loopback = "127.0.0.1"

// Port is a TCP port of the loopback address. A server may listen on it, stop
// and listen on it again while it is held.
type Port struct {
	number int
	lock   net.PacketConn
}

// Hold finds a port that nothing listens on, and holds it until Release or
// until the process ends. It is safe for concurrent use, also by several
// processes. An error means that no port was found in a thousand attempts.
//
// The port is held by two means:
//
//   - It lies outside the ephemeral range: the system gives it neither to an
//     outgoing connection nor to a listener on port 0.
//   - Its UDP port is bound, which one process can do at a time: every other
//     Hold chooses another port.
//
// A program that asks for this very number can still take it.
func Hold() (*Port, error) {
	const attempts = 1000
	from, to := candidates(ephemeral())
	var err error
	for range attempts {
		var port *Port
		if port, err = hold(from + rand.IntN(to-from)); err == nil { //nolint:gosec // a port is no secret
			return port, nil
		}
	}
	return nil, fmt.Errorf("no port from %d to %d is free: %w", from, to-1, err)
}

// hold holds a port, unless another process holds it or something listens on it.
func hold(number int) (*Port, error) {
	p := &Port{number: number}
	var err error
	if p.lock, err = net.ListenPacket("udp", p.Address()); err != nil { //nolint:noctx // it does not wait
		return nil, err
	}
	if err := Free(p.Address()); err != nil {
		return nil, errors.Join(err, p.Release())
	}
	return p, nil
}

// Number is the port's number.
func (p *Port) Number() int { return p.number }

// Address is the loopback address with the port, such as 127.0.0.1:20123.
func (p *Port) Address() string { return net.JoinHostPort(loopback, strconv.Itoa(p.number)) }

// Release lets other processes hold the port. It does not end what listens on it.
func (p *Port) Release() error { return p.lock.Close() }

// Free returns an error if an address cannot be listened on.
func Free(address string) error {
	listener, err := net.Listen("tcp", address) //nolint:noctx // it does not wait
	if err != nil {
		return err
	}
	// A process that is being started has a copy of the listener until it executes
	// its program: the address would stay in use for as long.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return listener.Close()
}
