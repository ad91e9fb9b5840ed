package check_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/require"
)

// elsewhere are the prefixes of the metrics that are not ours, by where they are from.
var elsewhere = map[string]string{
	"jetstream_": "prometheus-nats-exporter",
	"up":         "Prometheus itself, one for each target",
	"ALERTS":     "Prometheus itself, one for each alert",
}

// scraped reads the metrics that there are, with the names of their labels.
func scraped(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("testdata/metrics.txt")
	require.NoError(t, err)
	metrics := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		name, names, found := strings.Cut(strings.TrimSuffix(strings.TrimSpace(line), "}"), "{")
		require.True(t, found, line)
		// A target's labels are added by Prometheus.
		metrics[name] = append(strings.Split(names, ","), "job", "instance")
	}
	return metrics
}

var promQL = parser.NewParser(parser.Options{})

// expressions are all expressions of the alerts and of the dashboard, by where they
// stand.
func expressions(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	rules, errs := rulefmt.ParseFile("../alerts.yaml", false, model.LegacyValidation, promQL, slog.New(slog.DiscardHandler))
	require.Empty(t, errs)
	for _, group := range rules.Groups {
		for _, rule := range group.Rules {
			all["alert "+rule.Alert] = rule.Expr
		}
	}
	alerts := len(all)
	require.NotZero(t, alerts)
	for _, panel := range dashboard(t).Panels {
		for _, target := range panel.Targets {
			all[fmt.Sprintf("panel %s, query %s", panel.Title, target.RefID)] = strings.ReplaceAll(target.Expr, "$__rate_interval", "5m")
		}
	}
	require.Greater(t, len(all), alerts)
	return all
}

// board is what the tests need of Grafana's model of a dashboard.
type board struct {
	UID    string `json:"uid"`
	Panels []struct {
		ID          int    `json:"id"`
		Type        string `json:"type"`
		Title       string `json:"title"`
		Description string `json:"description"`
		GridPos     struct {
			W int `json:"w"`
			X int `json:"x"`
		} `json:"gridPos"`
		Targets []struct {
			RefID string `json:"refId"`
			Expr  string `json:"expr"`
		} `json:"targets"`
	} `json:"panels"`
}

func dashboard(t *testing.T) (b board) {
	t.Helper()
	text, err := os.ReadFile("../dashboard.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &b))
	return b
}

// missing is what an expression names and the scrape lacks: metrics, and labels that
// are matched or grouped by.
func missing(t *testing.T, expression string, metrics map[string][]string) (lacking []string, selectors int) {
	t.Helper()
	parsed, err := promQL.ParseExpr(expression)
	require.NoError(t, err)
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		switch n := node.(type) {
		case *parser.VectorSelector:
			selectors++
			lacking = append(lacking, lacks(n, metrics)...)
		case *parser.AggregateExpr:
			for _, label := range n.Grouping {
				for _, metric := range named(n.Expr) {
					if have, known := metrics[metric]; known && !slices.Contains(have, label) {
						lacking = append(lacking, metric+" has no label "+label)
					}
				}
			}
		}
		return nil
	})
	return lacking, selectors
}

// lacks is what a selector names and the scrape lacks.
func lacks(n *parser.VectorSelector, metrics map[string][]string) (lacking []string) {
	for prefix := range elsewhere {
		if strings.HasPrefix(n.Name, prefix) {
			return nil
		}
	}
	have, known := metrics[n.Name]
	if !known {
		return []string{fmt.Sprintf("no metric %q", n.Name)}
	}
	for _, m := range n.LabelMatchers {
		if m.Name != model.MetricNameLabel && !slices.Contains(have, m.Name) {
			lacking = append(lacking, n.Name+" has no label "+m.Name)
		}
	}
	return lacking
}

// named are the metrics of an expression.
func named(expression parser.Node) (metrics []string) {
	parser.Inspect(expression, func(node parser.Node, _ []parser.Node) error {
		if n, ok := node.(*parser.VectorSelector); ok {
			metrics = append(metrics, n.Name)
		}
		return nil
	})
	return metrics
}

func TestCheckAlertsAndDashboardNameMetricsThatThereAre(t *testing.T) {
	t.Parallel()
	metrics := scraped(t)
	for where, expression := range expressions(t) {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			lacking, selectors := missing(t, expression, metrics)
			require.NotZero(t, selectors, "it names no metric")
			require.Empty(t, lacking)
		})
	}
}

// TestCheckFindsWhatIsMissing makes sure that the test above can fail.
func TestCheckFindsWhatIsMissing(t *testing.T) {
	t.Parallel()
	metrics := map[string][]string{"a_total": {"x", "instance"}}
	for expression, want := range map[string][]string{
		`sum by (x) (rate(a_total{x="1"}[5m])) > 0`:               nil,
		`max by (server_name) (jetstream_server_max_storage) > 0`: nil,
		`sum(rate(a[5m])) > 0`:                                    {`no metric "a"`},
		`a_total unless sum(b{x=~"1|2"})`:                         {`no metric "b"`},
		`a_total{y="1"}`:                                          {"a_total has no label y"},
		`sum by (x, z) (rate(a_total[5m]))`:                       {"a_total has no label z"},
		`{__name__="c"}`:                                          {`no metric ""`},
		`histogram_quantile(0.9, rate(d_bucket[5m]))`:             {`no metric "d_bucket"`},
	} {
		t.Run(expression, func(t *testing.T) {
			t.Parallel()
			lacking, _ := missing(t, expression, metrics)
			require.ElementsMatch(t, want, lacking)
		})
	}
}

func TestCheckNamesFollowPrometheus(t *testing.T) {
	t.Parallel()
	valid := regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	seen := 0
	for name, names := range scraped(t) {
		if !strings.HasPrefix(name, "shipments_") && !strings.HasPrefix(name, "temporal_") {
			continue
		}
		seen++
		require.Regexp(t, valid, name)
		for _, id := range []string{"shipment", "shipment_id", "workflow_id", "run_id", "event_id"} {
			require.NotContains(t, names, id, "%s: an id is no label", name)
		}
	}
	require.NotZero(t, seen)
}

func TestCheckDashboard(t *testing.T) {
	t.Parallel()
	b := dashboard(t)
	require.NotEmpty(t, b.UID)
	var rows []string
	ids := map[int]bool{}
	for _, panel := range b.Panels {
		require.False(t, ids[panel.ID], "the id %d is there twice", panel.ID)
		ids[panel.ID] = true
		if panel.Type == "row" {
			rows = append(rows, panel.Title)
			continue
		}
		require.NotEmpty(t, rows, "%s is in no row", panel.Title)
		require.NotEmpty(t, panel.Description, panel.Title)
		require.NotEmpty(t, panel.Targets, panel.Title)
		require.LessOrEqual(t, panel.GridPos.X+panel.GridPos.W, 24, panel.Title)
	}
	require.Equal(t, []string{"Is it working?", "What is slow?", "What is failing?"}, rows)
}
