//go:build browser

package browser_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

func (s *system) testWithoutScript(t *testing.T) {
	s.publish(t, "scriptless-0")
	s.publish(t, "scriptless-3")
	s.ended(t, "scriptless-0", "Success")
	b := s.tab(t, wide.withoutScripts())
	b.open(t, "/?q=scriptless")
	b.shows(t, "2 of 2 shipments")
	require.Equal(t, "as of", value[string](t, b, `document.getElementById("pulse").textContent.slice(0, 5)`), "no script has run")
	do(t, b, chromedp.SetValue(chromedp.CSS(`select[name="status"]`), "Success"))
	b.click(t, ".filters button")
	b.shows(t, "1 of 1 shipments")
	b.clickLink(t, "scriptless-0")
	b.until(t, `location.pathname === "/scriptless-0"`)
	b.until(t, story+`.endsWith("completed")`)
	b.open(t, "/scriptless-3")
	b.openDetails(t, "Cancel")
	b.typeInto(t, `input[name="reason"]`, "without a script")
	b.press(t, "Cancel")
	b.until(t, `location.pathname === "/scriptless-3"`)
	s.ended(t, "scriptless-3", "Cancelled")
	b.open(t, "/scriptless-3")
	b.shows(t, "without a script")
}

// focused describes what has the focus, and whether that can be seen.
const focused = `(() => {
  const e = document.activeElement, box = e.getBoundingClientRect(), style = getComputedStyle(e);
  return { what: (e.getAttribute("href") || e.name || e.tagName + " " + e.textContent.trim().slice(0, 20)),
    seen: box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight && style.outlineStyle !== "none" };
})()`

type focus struct {
	What string
	Seen bool
}

// tabTo presses Tab until something has the focus. Each stop on the way has to
// be seen.
func (b *tab) tabTo(t *testing.T, what string) {
	t.Helper()
	var stops []string
	for range 200 {
		b.keys(t, kb.Tab)
		at := value[focus](t, b, focused)
		if at.What == "BODY " { // The end of the page.
			continue
		}
		stops = append(stops, at.What)
		require.True(t, at.Seen, "the focus on %s cannot be seen", at.What)
		if at.What == what {
			return
		}
	}
	require.Fail(t, "it is not reached by keyboard", "%s: %v", what, stops)
}

func (s *system) testKeyboard(t *testing.T) {
	s.publish(t, "keyboard-3")
	b := s.tab(t, wide)
	b.open(t, "/")
	b.tabTo(t, "#main")
	b.keys(t, kb.Enter)
	b.until(t, `location.hash === "#main"`)
	b.tabTo(t, "q")
	b.keys(t, "keyboard"+kb.Enter)
	b.until(t, `location.search.includes("q=keyboard")`)
	b.until(t, `document.querySelector("main a[href='/keyboard-3']")`)
	b.tabTo(t, "/keyboard-3")
	b.keys(t, kb.Enter)
	b.until(t, `location.pathname === "/keyboard-3"`)
	b.until(t, story+`.endsWith("collection declined")`)
	b.tabTo(t, "SUMMARY Cancel this shipment")
	b.keys(t, kb.Enter)
	b.tabTo(t, "reason")
	b.keys(t, "by keyboard")
	b.tabTo(t, "BUTTON Cancel it")
	b.keys(t, kb.Enter)
	b.until(t, `document.querySelector(".lead").textContent.includes("Cancelled")`)
}

func (s *system) testNarrow(t *testing.T) {
	b := s.tab(t, narrow)
	for _, path := range []string{"/", "/?status=Failure", "/failed-1", "/journey-0", "/rejections", "/unknown"} {
		b.open(t, path)
		require.LessOrEqual(t, value[int](t, b, "document.documentElement.scrollWidth"), 320, "%s scrolls sideways", path)
		small := value[[]string](t, b, `[...document.querySelectorAll("main a:not(.plain), main button, main input:not([type=hidden]), main select, main summary, nav a")].filter(e => {
			const box = e.getBoundingClientRect();
			return box.height > 0 && box.height < 24 && getComputedStyle(e).display !== "inline";
		}).map(e => e.outerHTML)`)
		require.Empty(t, small, "%s: targets of less than 24 px", path)
	}
}
