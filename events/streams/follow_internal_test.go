package streams

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFollowHearsWhatAStreamTakes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		pattern string
		want    []string
	}{
		"a story":           {"shipments.*.a", []string{"shipments.accepted.a", "shipments.created.a"}},
		"an event type":     {"shipments.accepted.*", []string{"shipments.accepted.*"}},
		"everything":        {">", []string{"shipments.accepted.*", "shipments.created", "shipments.created.>"}},
		"one subject":       {"shipments.created", []string{"shipments.created"}},
		"below a subject":   {"shipments.created.a.b", []string{"shipments.created.a.b"}},
		"nothing in common": {"orders.*", nil},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, common(test.pattern, []string{"shipments.accepted.*", "shipments.created", "shipments.created.>"}))
		})
	}
}
