package docs_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// alertRules are the rules of deploy/monitoring/alerts.yaml.
func alertRules(t *testing.T) (rules []alertRule) {
	t.Helper()
	var file struct {
		Groups []struct {
			Rules []alertRule `yaml:"rules"`
		} `yaml:"groups"`
	}
	require.NoError(t, yaml.Unmarshal([]byte(read(t, "deploy/monitoring/alerts.yaml")), &file))
	for _, group := range file.Groups {
		rules = append(rules, group.Rules...)
	}
	require.NotEmpty(t, rules)
	return rules
}

type alertRule struct {
	Alert       string            `yaml:"alert"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

// alertSections are the sections below "Alerts" of docs/operations.md, by title.
func alertSections(t *testing.T) map[string]string {
	t.Helper()
	_, after, found := strings.Cut(read(t, "docs/operations.md"), "\n## Alerts\n")
	require.True(t, found)
	chapter, _, _ := strings.Cut(after, "\n## ")
	sections := map[string]string{}
	for _, section := range strings.Split(chapter, "\n### ")[1:] {
		title, text, _ := strings.Cut(section, "\n")
		sections[title] = text
	}
	return sections
}

// TestDocsHaveASectionForEachAlert requires that each alert leads to a section, which
// says what it means, how to look and what to do, and that each section has its alert.
func TestDocsHaveASectionForEachAlert(t *testing.T) {
	t.Parallel()
	sections := alertSections(t)
	for _, rule := range alertRules(t) {
		t.Run(rule.Alert, func(t *testing.T) {
			t.Parallel()
			for _, annotation := range []string{"summary", "description"} {
				require.NotEmpty(t, rule.Annotations[annotation], annotation)
			}
			require.Contains(t, []string{"critical", "warning"}, rule.Labels["severity"])
			require.Equal(t, "{{ $externalLabels.runbooks }}docs/operations.md#"+strings.ToLower(rule.Alert), rule.Annotations["runbook_url"])
			section, found := sections[rule.Alert]
			require.True(t, found, "docs/operations.md has no section ### %s", rule.Alert)
			for _, part := range []string{"- **Means** (" + rule.Labels["severity"] + "): ", "- **Look**: ", "- **Do**: "} {
				require.Contains(t, section, part)
			}
		})
	}
	for title := range sections {
		require.True(t, slices.ContainsFunc(alertRules(t), func(r alertRule) bool { return r.Alert == title }), "no alert leads to the section %s", title)
	}
}

// TestDocsAlertsAreTested requires a promtool test in which each alert fires, and one
// in which it is silent.
func TestDocsAlertsAreTested(t *testing.T) {
	t.Parallel()
	var file struct {
		Tests []struct {
			Rules []struct {
				Alert string           `yaml:"alertname"`
				Fires []map[string]any `yaml:"exp_alerts"`
			} `yaml:"alert_rule_test"`
		} `yaml:"tests"`
	}
	require.NoError(t, yaml.Unmarshal([]byte(read(t, "deploy/monitoring/alerts_test.yaml")), &file))
	fires, silent := map[string]bool{}, map[string]bool{}
	for _, test := range file.Tests {
		for _, rule := range test.Rules {
			if len(rule.Fires) > 0 {
				fires[rule.Alert] = true
			} else {
				silent[rule.Alert] = true
			}
		}
	}
	for _, rule := range alertRules(t) {
		require.True(t, fires[rule.Alert], "no test in which %s fires", rule.Alert)
		require.True(t, silent[rule.Alert], "no test in which %s is silent", rule.Alert)
	}
}
