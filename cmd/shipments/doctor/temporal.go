package doctor

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"

	"shipments/hosts"
)

// The names of the checks of Temporal.
const (
	checkTemporal  = "Temporal"
	checkNamespace = "namespace"
	checkSearch    = "search attributes"
	checkWorkers   = "workers"
	checkBuilds    = "versions of the workers"
	checkTime      = "clock of Temporal"
)

const (
	// minRetention is the retention of closed workflows below which `shipments why`
	// shows too little of what happened: a weekend.
	minRetention = 72 * time.Hour
	// recentPoll is how long ago the last poll of a worker that runs can be: a poll is
	// held for a minute.
	recentPoll = 2 * time.Minute
)

func (e *examination) temporal() {
	ctx, cancel := e.within()
	defer cancel()
	service := e.Temporal.WorkflowService()
	system, err := service.GetSystemInfo(ctx, &workflowservice.GetSystemInfoRequest{})
	if err != nil {
		finding := hosts.ExplainTemporal(e.ctx, e.Config, err)
		e.add(checkTemporal, Failed, finding.Variable+": "+finding.Found, finding.Remedy)
		e.skip("Temporal cannot be used", checkNamespace, checkSearch, checkWorkers, checkBuilds, checkTime)
		return
	}
	e.ok(checkTemporal, "connected to %s, version %s", e.Config.TemporalAddress, system.GetServerVersion())
	if !e.namespace() {
		e.skip("the namespace cannot be used", checkSearch, checkWorkers, checkBuilds, checkTime)
		return
	}
	e.searchAttributes()
	e.workers()
}

func (e *examination) namespace() bool {
	ctx, cancel := e.within()
	defer cancel()
	name := e.Config.TemporalNamespace
	described, err := e.Temporal.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: name})
	if err != nil {
		finding := hosts.ExplainTemporal(e.ctx, e.Config, err)
		e.add(checkNamespace, Failed, finding.Variable+": "+finding.Found, finding.Remedy)
		return false
	}
	retention := described.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration()
	found := fmt.Sprintf("%s keeps closed workflows for %s", name, retention)
	if retention < minRetention {
		e.add(checkNamespace, Warning, found,
			fmt.Sprintf("`temporal operator namespace update --namespace %s --retention 72h`: of what is deleted, `shipments why` has no carrier calls", name))
	} else {
		e.ok(checkNamespace, "%s", found)
	}
	return true
}

func (e *examination) searchAttributes() {
	ctx, cancel := e.within()
	defer cancel()
	name := e.Config.TemporalNamespace
	have, err := e.Temporal.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: name})
	if err != nil {
		e.add(checkSearch, Warning, "they cannot be listed: "+err.Error(), "let this client list them; processes run without them")
		return
	}
	var missing []string
	for _, attribute := range slices.Sorted(maps.Keys(hosts.SearchAttributes())) {
		if kind, there := have.GetCustomAttributes()[attribute]; !there || kind != enumspb.INDEXED_VALUE_TYPE_KEYWORD {
			missing = append(missing, attribute)
		}
	}
	if len(missing) > 0 {
		e.add(checkSearch, Warning, fmt.Sprintf("namespace %s lacks %s (Keyword): processes run without", name, strings.Join(missing, ", ")),
			hosts.SearchAttributesRemedy(name, missing))
		return
	}
	e.ok(checkSearch, "%s", strings.Join(slices.Sorted(maps.Keys(hosts.SearchAttributes())), ", "))
}

// workers looks for workers at each task queue, and for the newest poll, by which the
// clock of Temporal is checked.
func (e *examination) workers() {
	builds := map[string][]string{} // hosts by build id
	var newest time.Time
	for _, queue := range e.Config.Queues() {
		pollers, last, err := e.pollers(queue, builds)
		name := "workers of " + queue.Name
		switch {
		case err != nil:
			e.add(name, Warning, "they cannot be listed: "+err.Error(), "let this client describe task queues")
			continue
		case pollers == 0 && queue.Needed:
			e.add(name, Failed, "none: the processes that need it stand still", "start the host: `shipments run "+queue.Host+"`")
		case pollers == 0:
			e.add(name, Warning, "none; with SHIPMENTS_CHILD_WORKFLOWS="+e.Config.ChildWorkflows+" no process that starts now needs one",
				"keep a host `"+queue.Host+"` while processes run that began with another composition")
		default:
			e.ok(name, "%d, the last poll %s ago", pollers, time.Since(last).Round(time.Second))
		}
		if last.After(newest) {
			newest = last
		}
	}
	switch len(builds) {
	case 0:
		e.skip("no worker polls", checkBuilds, checkTime)
		return
	case 1:
		e.ok(checkBuilds, "all have build %s", slices.Collect(maps.Keys(builds))[0])
	default:
		var parts []string
		for _, build := range slices.Sorted(maps.Keys(builds)) {
			parts = append(parts, build+" ("+strings.Join(slices.Compact(slices.Sorted(slices.Values(builds[build]))), ", ")+")")
		}
		e.add(checkBuilds, Warning, "several poll: "+strings.Join(parts, "; "), "finish the roll-out: docs/versioning.md has its order")
	}
	if newest.IsZero() {
		e.skip("no poll says what time it is", checkTime)
		return
	}
	switch ahead := time.Until(newest); {
	case ahead > maxSkew:
		e.add(checkTime, Warning, fmt.Sprintf("it is at least %s ahead of the clock here: the last poll is in the future",
			ahead.Round(time.Millisecond)), "have both clocks set by NTP")
	case ahead < -recentPoll:
		e.add(checkTime, Warning,
			fmt.Sprintf("the last poll of a worker was %s ago by the clock here: workers hang, or the clock of Temporal is behind",
				(-ahead).Round(time.Second)),
			"have both clocks set by NTP, and see the workers' /readyz")
	default:
		e.ok(checkTime, "not ahead, and behind by %s at most: polls do not say more", (-ahead).Round(time.Second))
	}
}

// pollers counts the workers of a task queue, notes their builds, and returns the time
// of the last poll, by Temporal's clock.
func (e *examination) pollers(queue hosts.Queue, builds map[string][]string) (count int, last time.Time, err error) {
	ctx, cancel := e.within()
	defer cancel()
	workers := map[string]bool{}
	for _, kind := range []enumspb.TaskQueueType{enumspb.TASK_QUEUE_TYPE_WORKFLOW, enumspb.TASK_QUEUE_TYPE_ACTIVITY} {
		described, err := e.Temporal.DescribeTaskQueue(ctx, queue.Name, kind)
		if err != nil {
			return 0, last, err
		}
		for _, poller := range described.GetPollers() {
			at := poller.GetLastAccessTime().AsTime()
			if at.After(last) {
				last = at
			}
			if time.Since(at) > recentPoll {
				continue // It has stopped; Temporal lists it for some minutes.
			}
			workers[poller.GetIdentity()] = true
			build := poller.GetDeploymentOptions().GetBuildId()
			if build == "" {
				build = poller.GetWorkerVersionCapabilities().GetBuildId() //nolint:staticcheck // set without worker versioning too
			}
			if build != "" {
				builds[build] = append(builds[build], queue.Host)
			}
		}
	}
	return len(workers), last, nil
}
