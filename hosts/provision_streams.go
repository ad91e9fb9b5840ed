package hosts

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"shipments/activities/documents"
	"shipments/activities/pace"
	"shipments/events/streams"
)

// The values of SHIPMENTS_PROVISION.
const (
	provisionApply = "apply"
	provisionCheck = "check"
	provisionNone  = "none"
)

// ApplyStreams makes the streams, the durable consumer and the bucket, and updates
// their settings. It is idempotent. It returns the differences that it found, and
// errors as [streams.Provision] does.
func ApplyStreams(ctx context.Context, js jetstream.JetStream, config Config) ([]streams.Difference, error) {
	differences, err := CheckStreams(ctx, js, config)
	if err != nil {
		return nil, err
	}
	if err := streams.Conflicts(differences); err != nil {
		return differences, err
	}
	if _, err := streams.Provision(ctx, js, config.StreamReplicas); err != nil {
		return differences, err
	}
	return differences, documents.Provision(ctx, js, config.StreamReplicas)
}

// RecordSettings records in the streams what commands read there, if the
// environment sets it: for `shipments streams apply`, where the hosts themselves
// may not.
func RecordSettings(ctx context.Context, js jetstream.JetStream, config Config) error {
	if !slices.ContainsFunc(config.environment, func(variable string) bool { return strings.HasPrefix(variable, "SHIPMENTS_EMULATION=") }) {
		return nil
	}
	return RecordEmulation(ctx, js, config.Emulation)
}

// CheckStreams compares the streams, the durable consumer and the bucket with what
// is wanted. It changes nothing.
func CheckStreams(ctx context.Context, js jetstream.JetStream, config Config) ([]streams.Difference, error) {
	differences, err := streams.Check(ctx, js, config.StreamReplicas)
	if err != nil {
		return nil, err
	}
	ofBucket, err := documents.Check(ctx, js, config.StreamReplicas)
	return append(differences, ofBucket...), err
}

// missingError says what the hosts need and may not make.
type missingError struct{ missing []string }

func (e *missingError) Error() string {
	return strings.Join(e.missing, ", ") + ": missing, and SHIPMENTS_PROVISION has nothing created"
}

// provisionStreams provides what the hosts need in JetStream, as
// SHIPMENTS_PROVISION says. It is idempotent.
func (rt *runtime) provisionStreams(ctx context.Context) error {
	switch rt.config.Provision {
	case provisionNone:
		return nil
	case provisionCheck:
		return rt.checkStreams(ctx)
	}
	differences, err := ApplyStreams(ctx, rt.js, rt.config)
	if err != nil {
		return err
	}
	rt.warnOfSettings(differences)
	for _, d := range differences {
		if d.Change != streams.Keep {
			rt.log.Info().Str("object", d.Object).Str("setting", d.Setting).Str("change", string(d.Change)).Msg("JetStream provisioned")
		}
	}
	if rt.decides() {
		return RecordEmulation(ctx, rt.js, rt.config.Emulation)
	}
	return nil
}

// settingsInterval is how often settings that differ are compared again.
const settingsInterval = time.Minute

// keepCompared compares settings that readiness warns of again, until ctx is done: an
// operator may have mended them.
func (rt *runtime) keepCompared(ctx context.Context) {
	for pace.Sleep(ctx, settingsInterval) {
		if rt.loops.countWarnings()[subjectJetStream] == 0 {
			continue
		}
		if differences, err := CheckStreams(ctx, rt.js, rt.config); err == nil {
			rt.warnOfSettings(differences)
		}
	}
}

// warnOfSettings has readiness show the differences that the host leaves as they are,
// and logs them if they are news.
func (rt *runtime) warnOfSettings(differences []streams.Difference) {
	changes := []streams.Change{streams.Keep}
	if rt.config.Provision == provisionCheck {
		changes = append(changes, streams.Update)
	}
	var texts []string
	for _, d := range differences {
		if slices.Contains(changes, d.Change) {
			text := d.String()
			if d.Change == streams.Update {
				text += ": `shipments streams apply` changes it"
			}
			texts = append(texts, text)
		}
	}
	if text := strings.Join(texts, "; "); rt.loops.warn(subjectJetStream, text) && text != "" {
		rt.log.Warn().Strs("settings", texts).Msg("JetStream is not as it should be; `shipments streams check` has advice")
	}
}

// checkStreams is an error if the hosts cannot work with the streams as they are.
func (rt *runtime) checkStreams(ctx context.Context) error {
	differences, err := CheckStreams(ctx, rt.js, rt.config)
	if err != nil {
		return err
	}
	var missing []string
	for _, d := range differences {
		switch d.Change {
		case streams.Create:
			missing = append(missing, d.Object)
		case streams.Update, streams.Keep, streams.Conflict:
		}
	}
	rt.warnOfSettings(differences)
	if err := streams.Conflicts(differences); err != nil {
		return err
	}
	if len(missing) > 0 {
		return &missingError{missing}
	}
	if !rt.decides() {
		return nil
	}
	recorded, err := Emulation(ctx, rt.js)
	if err == nil && recorded != rt.config.Emulation {
		rt.log.Warn().Str("variable", "SHIPMENTS_EMULATION").Str("recorded", strconv.FormatBool(recorded)).
			Msg("Commands read in stream SHIPMENTS another setting of emulation; `shipments streams apply` with this host's changes it")
	}
	return err
}

// decides reports whether a host's settings become part of every process.
func (rt *runtime) decides() bool {
	return slices.ContainsFunc(rt.hosts, func(h Host) bool { return h.decides })
}
