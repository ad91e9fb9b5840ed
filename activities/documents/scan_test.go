//go:build poppler

package documents_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"shipments/activities/documents"
)

// TestAScannerReadsTheBarcodes renders the labels to pictures with pdftoppm and
// reads them with zbar. It has a build tag, because it needs the two programs:
//
//	apt-get install poppler-utils zbar-tools
//	go test -tags poppler ./activities/documents
func TestAScannerReadsTheBarcodes(t *testing.T) {
	t.Parallel()
	in := input(t, "cabc")
	rendered, err := documents.Render(in)
	require.NoError(t, err)
	dir := t.TempDir()
	if keep := os.Getenv("DOCUMENTS_DIR"); keep != "" {
		dir = keep // to look at them
	}
	for kind, document := range rendered {
		file := filepath.Join(dir, kind)
		require.NoError(t, os.WriteFile(file+".pdf", document, 0o600))
		out, err := exec.Command("pdftoppm", "-r", "203", "-png", file+".pdf", file).CombinedOutput()
		require.NoError(t, err, string(out))
		require.Empty(t, string(out), "poppler has nothing to complain of in %s", kind)
	}
	pages, err := filepath.Glob(filepath.Join(dir, documents.KindLabels+"-*.png"))
	require.NoError(t, err)
	var want []string
	for _, leg := range in.Legs {
		want = append(want, leg.TrackingNumbers...)
	}
	require.Len(t, pages, len(want), "a label per package and leg")
	for i, page := range pages {
		out, err := exec.Command("zbarimg", "--quiet", page).Output()
		require.NoError(t, err, page)
		require.Equal(t, "CODE-128:"+want[i], strings.TrimSpace(string(out)))
	}
}
