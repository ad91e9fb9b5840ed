// Package hosts is the table of the seven hosts (process roles that can be
// deployed on their own) and how they are wired. One process runs any number
// of them on one connection to NATS and one to Temporal.
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

	run func(context.Context, *process) error
}

// All are the seven hosts. Flags, help texts, compose and the all-in-one mode
// follow this table.
func All() []Host {
	return []Host{
		{Name: "consumer", Summary: "takes shipments, and requests for them, from JetStream to Temporal", run: runConsumer},
		workerHost("orchestrator", workflows.QueueOrchestrator, "validates and classifies shipments, runs their category's process"),
		workerHost("manifestation", workflows.QueueManifestation, "manifests a shipment as a whole"),
		workerHost("documents", workflows.QueueDocuments, "generates the documents"),
		workerHost("collection", workflows.QueueCollection, "schedules and books the collection"),
		workerHost("carrier", workflows.QueueCarrier, "talks to the carriers"),
		{Name: "api", Summary: "serves HTTP: takes shipments, tells their status"},
	}
}

func workerHost(name, queue, summary string) Host {
	return Host{Name: name, Summary: summary, Queue: queue, run: func(ctx context.Context, p *process) error {
		return runWorker(ctx, p, queue)
	}}
}

// Named returns the hosts with the given names, or all of them without names.
// An unknown name is an error that lists the known ones.
func Named(names ...string) ([]Host, error) {
	if len(names) == 0 {
		return All(), nil
	}
	var named []Host
	for _, name := range names {
		isNamed := func(h Host) bool { return h.Name == name }
		i := slices.IndexFunc(All(), isNamed)
		if i < 0 {
			return nil, fmt.Errorf("%q is no host: use %s", name, strings.Join(Names(), ", "))
		}
		if !slices.ContainsFunc(named, isNamed) {
			named = append(named, All()[i])
		}
	}
	return named, nil
}

// Names are the names of all hosts.
func Names() []string {
	names := make([]string, 0, len(All()))
	for _, h := range All() {
		names = append(names, h.Name)
	}
	return names
}
