package faults_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/cmd/devstack/harness"
)

// prometheus is a Prometheus that scrapes hosts and evaluates the alerts.
type prometheus struct {
	*site

	fault, url string
	fired      map[string]time.Duration // how long after the fault, by alert
}

// watch has a Prometheus watch hosts, and waits until no alert fires. It scrapes every
// five seconds.
func (s *site) watch(fault string, hosts ...*host) *prometheus {
	s.Helper()
	program, err := exec.LookPath("prometheus")
	require.NoError(s, err, "the program of Debian's package prometheus is needed")
	rules, err := filepath.Abs(filepath.Join("..", "..", "..", "deploy", "monitoring", "alerts.yaml"))
	require.NoError(s, err)
	targets := make([]string, len(hosts))
	for i, h := range hosts {
		targets[i] = fmt.Sprintf("%q", strings.TrimPrefix(h.admin, "http://"))
	}
	config := filepath.Join(s.dir, "prometheus.yaml")
	require.NoError(s, os.WriteFile(config, fmt.Appendf(nil, `
global: {scrape_interval: 5s, evaluation_interval: 5s}
rule_files: [%q]
scrape_configs: [{job_name: shipments, static_configs: [{targets: [%s]}]}]
`, rules, strings.Join(targets, ", ")), 0o600))
	address := harness.Port(s).Address()
	s.start("prometheus", harness.Options{Program: program, Args: []string{
		"--config.file=" + config, "--storage.tsdb.path=" + filepath.Join(s.dir, "prometheus"), "--web.listen-address=" + address,
	}})
	p := &prometheus{site: s, fault: fault, url: "http://" + address, fired: map[string]time.Duration{}}
	p.eventually("Prometheus has scraped all hosts", func(ctx context.Context) bool { return p.up(ctx) == len(hosts) })
	return p
}

// get reads the data of an answer of Prometheus's API.
func (p *prometheus) get(ctx context.Context, path string, data any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+path, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var answer struct {
		Data json.RawMessage `json:"data"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return err
	}
	return json.Unmarshal(answer.Data, data)
}

// up counts the hosts whose last scrape has succeeded.
func (p *prometheus) up(ctx context.Context) (n int) {
	var targets struct {
		Active []struct {
			Health string `json:"health"`
		} `json:"activeTargets"`
	}
	if p.get(ctx, "/api/v1/targets", &targets) != nil {
		return 0
	}
	for _, target := range targets.Active {
		if target.Health == "up" {
			n++
		}
	}
	return n
}

// firing are the alerts that fire; those that wait for their time are not.
func (p *prometheus) firing(ctx context.Context) ([]string, error) {
	var answer struct {
		Alerts []struct {
			Labels map[string]string `json:"labels"`
			State  string            `json:"state"`
		} `json:"alerts"`
	}
	if err := p.get(ctx, "/api/v1/alerts", &answer); err != nil {
		return nil, err
	}
	var names []string
	for _, a := range answer.Alerts {
		if a.State == "firing" {
			names = append(names, a.Labels["alertname"])
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// fire injects the fault, and waits until the alerts fire, which they must not do before.
func (p *prometheus) fire(inject func(), want ...string) {
	p.Helper()
	before, err := p.firing(p.Context())
	require.NoError(p, err)
	require.Empty(p, before, "nothing fires before the fault")
	inject()
	begun := time.Now()
	p.eventuallyWithin(alertWithin, fmt.Sprintf("%v fire; so far %v", want, p.fired), func(ctx context.Context) bool {
		names, err := p.firing(ctx)
		if err != nil {
			return false
		}
		for _, name := range names {
			if _, known := p.fired[name]; !known {
				p.fired[name] = time.Since(begun)
				p.Logf("%s fires %s after the fault", name, p.fired[name].Round(time.Second))
			}
		}
		return !slices.ContainsFunc(want, func(name string) bool { _, known := p.fired[name]; return !known })
	})
}

// clearWithin is how long alerts may last when the fault is over: the windows of their
// expressions are five minutes, and carriers are called again after a minute.
const clearWithin = 8 * time.Minute

// heal ends the fault, and waits until no alert fires.
func (p *prometheus) heal(end func()) {
	p.Helper()
	end()
	healed := time.Now()
	cleared := map[string]time.Duration{}
	p.eventuallyWithin(clearWithin, "no alert fires", func(ctx context.Context) bool {
		names, err := p.firing(ctx)
		if err != nil {
			return false
		}
		for name := range p.fired {
			if slices.Contains(names, name) {
				delete(cleared, name)
			} else if _, known := cleared[name]; !known {
				cleared[name] = time.Since(healed)
			}
		}
		return len(names) == 0
	})
	for name, after := range p.fired {
		alertTable.add(alertLine{p.fault, name, after, cleared[name]})
	}
}

// alertLine is a line of the table of alerts.
type alertLine struct {
	fault, alert   string
	fired, cleared time.Duration
}

type alertLines struct {
	mu    sync.Mutex
	lines []alertLine
}

var alertTable alertLines

func (a *alertLines) add(line alertLine) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lines = append(a.lines, line)
}

func (a *alertLines) print() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.lines) == 0 {
		return
	}
	slices.SortFunc(a.lines, func(x, y alertLine) int { return strings.Compare(x.fault+x.alert, y.fault+y.alert) })
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "\nFAULT\tALERT\tFIRES AFTER\tOVER AFTER")
	for _, l := range a.lines {
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\n", l.fault, l.alert, l.fired.Round(time.Second), l.cleared.Round(time.Second))
	}
	_ = out.Flush() // To standard output, whose errors are not handled.
}
