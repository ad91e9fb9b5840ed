package main

import (
	"errors"
	"os"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"shipments/api"
	"shipments/events"
	"shipments/events/streams"
	"shipments/hosts"
	"shipments/shipment"
)

// session is what the commands that talk to JetStream need.
type session struct {
	config    hosts.Config
	log       zerolog.Logger
	js        jetstream.JetStream // lookups are repeated
	publisher *streams.Publisher
	close     func()
}

// loadConfig reads the environment, and warns of variables that are not known.
func loadConfig() (hosts.Config, zerolog.Logger, error) {
	config, err := hosts.LoadConfig()
	if err != nil {
		return config, zerolog.Nop(), err
	}
	log := hosts.NewLogger(config, os.Stderr)
	for _, w := range config.UnknownVariables() {
		log.Warn().Str("variable", w.Variable).Msg(w.Text)
	}
	return config, log, nil
}

// connect reads the environment and connects a command to NATS.
func connect(cmd *cobra.Command) (*session, error) {
	config, log, err := loadConfig()
	if err != nil {
		return nil, err
	}
	nc, js, err := hosts.Dial(cmd.Context(), config, cmd.Name(), log)
	if err != nil {
		return nil, err
	}
	return &session{
		config: config, log: log, js: patientJetStream{js}, publisher: streams.NewPublisher(js, config.PublicURL), close: nc.Close,
	}, nil
}

// stamp says in an event who published it, whatever the event said itself.
func (s *session) stamp(ev *event.Event) {
	ev.SetExtension(events.PrincipalAttribute, nil)
	if principal := s.config.Principal(); principal != "" {
		ev.SetExtension(events.PrincipalAttribute, principal)
	}
}

// allowSamples is an error unless the service emulates: with emulation off, the
// carriers of a sample shipment may be real ones.
func (s *session) allowSamples(cmd *cobra.Command) error {
	on, err := hosts.Emulation(cmd.Context(), s.js)
	if err != nil {
		return err
	}
	if !on {
		return errors.New(api.NoSamples + " where the hosts run: use `shipments publish --file` with a shipment's data, or turn it on there")
	}
	return nil
}

// rules are what a shipment is validated by before it is published. Where the
// service emulates, and the command has no carrier table, they are the demo's.
func (s *session) rules(cmd *cobra.Command) (shipment.Rules, error) {
	config := s.config
	on, err := hosts.Emulation(cmd.Context(), s.js)
	if err != nil {
		return shipment.Rules{}, err
	}
	config.Emulation = config.Emulation || on
	if err := config.Validate(); err != nil {
		return shipment.Rules{}, err
	}
	if config.Carriers == "" && !config.Emulation {
		return shipment.Rules{}, &hosts.ConfigError{Err: errors.New("SHIPMENTS_CARRIERS is not set: name the carrier table of the hosts, which a shipment is checked with")}
	}
	return config.Rules(), nil
}
