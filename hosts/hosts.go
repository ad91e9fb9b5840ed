package hosts

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"shipments/workflows"
)

// Host is a process role.
type Host struct {
	Name    string
	Summary string
	// Queue is the task queue of a worker host; empty for the others.
	Queue string
	// HTTP says that the host serves HTTP at SHIPMENTS_HTTP_ADDR.
	HTTP bool

	// temporal says that the host needs Temporal.
	temporal bool
	// decides says that its settings, such as emulation, become part of every
	// process.
	decides bool
	// run runs the host until ctx is done, and then drains it.
	run func(context.Context, *runtime) error
}

// All are the hosts. Flags, help texts, compose and the all-in-one mode follow
// this table; the worker hosts in it follow the table of stages.
func All() []Host {
	all := []Host{{
		Name: "consumer", Summary: "takes shipments, and requests for them, from JetStream to Temporal",
		temporal: true, decides: true, run: runConsumer,
	}}
	for _, w := range workflows.Workers() {
		all = append(all, Host{
			Name: w.Host, Summary: w.Summary, Queue: w.Queue,
			temporal: true, run: func(ctx context.Context, rt *runtime) error { return runWorker(ctx, rt, w.Host, w.Queue) },
		})
	}
	return append(all, Host{
		Name: "api", Summary: "serves HTTP: accepts shipments, reports their status",
		HTTP: true, run: runAPI,
	})
}

// Named returns the hosts with the given names, or all of them without names.
// An unknown name is an error with the nearest known one, or with all of them.
func Named(names ...string) ([]Host, error) {
	if len(names) == 0 {
		return All(), nil
	}
	var named []Host
	for _, name := range names {
		isNamed := func(h Host) bool { return h.Name == name }
		i := slices.IndexFunc(All(), isNamed)
		if i < 0 {
			if nearest := Nearest(name, Names()); nearest != "" {
				return nil, fmt.Errorf("%q is not a host: did you mean %s?", name, nearest)
			}
			return nil, fmt.Errorf("%q is not a host: use %s", name, strings.Join(Names(), ", "))
		}
		if !slices.ContainsFunc(named, isNamed) {
			named = append(named, All()[i])
		}
	}
	return named, nil
}

// Names are the names of all hosts.
func Names() []string { return namesOf(All()) }

func namesOf(hosts []Host) []string {
	names := make([]string, 0, len(hosts))
	for _, h := range hosts {
		names = append(names, h.Name)
	}
	return names
}

func servesHTTP(hosts []Host) bool {
	return slices.ContainsFunc(hosts, func(h Host) bool { return h.HTTP })
}
