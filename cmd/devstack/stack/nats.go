package stack

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/nats-io/nats-server/v2/logger"
	natsserver "github.com/nats-io/nats-server/v2/server"
)

// startNATS starts the NATS server with JetStream on files.
func (s *Stack) startNATS(context.Context) (err error) {
	port := natsserver.RANDOM_PORT // The server takes a free one, and is asked which.
	if reserved := s.listeners.reserved.nats; reserved != nil {
		if port, err = handOver(reserved); err != nil {
			return fmt.Errorf("release the port of NATS: %w", err)
		}
	}
	server, err := natsserver.NewServer(&natsserver.Options{
		ServerName: "devstack",
		Host:       loopback,
		Port:       port,
		JetStream:  true,
		StoreDir:   filepath.Join(s.Dir, "nats"),
		NoSigs:     true,
	})
	if err != nil {
		return fmt.Errorf("make the NATS server: %w", err)
	}
	log := natsLog{Logger: logger.NewFileLogger(filepath.Join(s.Dir, "nats.log"), true, false, false, true), fatal: make(chan error, 1)}
	server.SetLoggerV2(log, false, false, false)
	server.Start()
	s.undo = append(s.undo, func() error {
		server.Shutdown()
		server.WaitForShutdown()
		return log.Close()
	})
	select {
	case err := <-log.fatal:
		return fmt.Errorf("start the NATS server: %w", err)
	default:
	}
	if !server.ReadyForConnections(20 * time.Second) {
		return errors.New("the NATS server did not start: see nats.log")
	}
	s.NATSURL = server.ClientURL()
	return nil
}

// natsLog is the log of the NATS server. The server's own log ends the process
// at the first fatal line; this one reports that line instead.
type natsLog struct {
	*logger.Logger

	fatal chan error
}

// Fatalf logs an error, and reports it if it is the first fatal one.
func (l natsLog) Fatalf(format string, args ...any) {
	l.Errorf(format, args...)
	select {
	case l.fatal <- fmt.Errorf(format, args...):
	default:
	}
}
