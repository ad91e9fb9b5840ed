package stack

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
)

// startNATS starts the NATS server with JetStream on files.
func (s *Stack) startNATS() error {
	port, err := freePort(s.options.NATSPort)
	if err != nil {
		return fmt.Errorf("%w: stop what uses it, or choose another with --nats-port", err)
	}
	s.nats, err = natsserver.NewServer(&natsserver.Options{
		ServerName: "devstack",
		Host:       loopback,
		Port:       port,
		JetStream:  true,
		StoreDir:   filepath.Join(s.Dir, "nats"),
		LogFile:    filepath.Join(s.Dir, "nats.log"),
		NoSigs:     true,
	})
	if err != nil {
		return fmt.Errorf("make the NATS server: %w", err)
	}
	s.nats.ConfigureLogger()
	s.nats.Start()
	s.undo = append(s.undo, func() error {
		s.nats.Shutdown()
		s.nats.WaitForShutdown()
		return nil
	})
	if !s.nats.ReadyForConnections(20 * time.Second) {
		return errors.New("the NATS server did not start: see nats.log")
	}
	s.NATSURL = s.nats.ClientURL()
	return nil
}
