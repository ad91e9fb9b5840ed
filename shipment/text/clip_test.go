package text_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"shipments/shipment/text"
)

func TestClip(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		limit int
		want  string
	}{
		"short enough":         {7, "Grüße"},
		"within a character":   {3, "Gr…"},
		"between characters":   {4, "Grü…"},
		"nothing fits into it": {0, "…"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.want, text.Clip("Grüße", test.limit))
		})
	}
}
