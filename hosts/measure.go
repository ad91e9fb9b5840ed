package hosts

import (
	"cmp"
	"slices"

	"shipments/hosts/metrics"
)

// measure makes the metrics of the process.
func (rt *runtime) measure() (err error) {
	rt.metrics, err = metrics.New(func(err error) { rt.log.Error().Err(err).Msg("A metric of the Temporal SDK cannot be kept") })
	if err != nil {
		return err
	}
	if err := rt.metrics.FollowNeeds(rt.config.composition.Queues(), rt.loops.countWarnings); err != nil {
		return err
	}
	version := ReadVersion()
	return rt.metrics.FollowProcess(metrics.Info{
		Version: version.Version, Commit: version.Commit, Go: version.Go,
		Composition: rt.config.ChildWorkflows, Emulation: rt.config.Emulation,
	}, rt.hostLoops, rt.refusedTokens, rt.nats)
}

// measured reports whether somebody can read the metrics. If not, what costs
// something is not measured.
func (rt *runtime) measured() bool { return rt.listeners.Admin != nil }

// hostLoops is what the hosts' loops say of themselves.
func (rt *runtime) hostLoops() []metrics.Loop {
	checks := rt.loops.ask()
	all := make([]metrics.Loop, 0, len(checks))
	for name, t := range checks {
		all = append(all, metrics.Loop{Host: name, Works: t.why == "", Ready: !t.lasts()})
	}
	slices.SortFunc(all, func(a, b metrics.Loop) int { return cmp.Compare(a.Host, b.Host) })
	return all
}

// carrierIDs are the carriers of the table.
func (rt *runtime) carrierIDs() map[string]bool {
	ids := map[string]bool{}
	for _, entry := range rt.config.carriers.Carriers {
		ids[entry.ID] = true
	}
	return ids
}
