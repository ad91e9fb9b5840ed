//go:build browser

package browser_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// examples are pages of all kinds, by name. The tests before have published what
// they show.
var examples = map[string]string{
	"overview":   "/",
	"failures":   "/?status=Failure",
	"nothing":    "/?q=nothing",
	"wrong":      "/?since=yesterday",
	"success":    "/journey-0",
	"preview":    "/journey-0",
	"failure":    "/failed-1",
	"cancelled":  "/cancelled-3",
	"pending":    "/pending-3",
	"unknown":    "/unknown",
	"rejections": "/rejections",
}

// loaded waits until the document of a preview was loaded.
func (b *tab) loaded(t *testing.T) {
	t.Helper()
	b.until(t, `performance.getEntriesByType("resource").some(r => r.name.includes("/shipment-documents/") && r.responseEnd > 0)`)
}

// screenshotsVariable names the folder that screenshots are written to.
const screenshotsVariable = "SCREENSHOTS"

func (s *system) testScreenshots(t *testing.T) {
	folder := os.Getenv(screenshotsVariable)
	for _, l := range []look{wide, wide.inDark(), narrow, narrow.inDark()} {
		b := s.tab(t, l)
		for name, path := range examples {
			b.open(t, path)
			if name == "pending" {
				b.until(t, story+`.endsWith("collection declined")`)
			}
			if name == "preview" {
				b.openDetails(t, "Preview")
				b.loaded(t)
			}
			picture := do(t, b, chromedp.FullScreenshot(100))
			require.NotEmpty(t, picture)
			if folder != "" {
				require.NoError(t, os.WriteFile(filepath.Join(folder, name+"-"+l.name()+".png"), picture, 0o600))
			}
		}
	}
}
