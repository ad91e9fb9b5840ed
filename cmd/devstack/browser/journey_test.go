//go:build browser

package browser_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// TestPagesInABrowser tests the pages in one browser, against one stack.
func TestPagesInABrowser(t *testing.T) {
	s := start(t)
	t.Run("a shipment from its publication to its documents", s.testJourney)
	t.Run("a failed shipment", s.testFailed)
	t.Run("a shipment that is rebooked, and one that is cancelled", s.testRequests)
	t.Run("a hostile rejection", s.testRejection)
	t.Run("without a script", s.testWithoutScript)
	t.Run("by keyboard alone", s.testKeyboard)
	t.Run("on a narrow screen", s.testNarrow)
	s.publish(t, "pending-3")
	t.Run("axe-core", s.testAxe)
	t.Run("screenshots", s.testScreenshots)
}

// story are the events that the page of a shipment shows.
const story = `[...document.querySelectorAll(".story > li h3")].map(h => h.textContent.trim()).join(" ")`

func (s *system) testJourney(t *testing.T) {
	b := s.tab(t, wide)
	b.open(t, "/")
	b.until(t, `document.getElementById("pulse").textContent.startsWith("live")`)
	// Two busy processors may be slower once, but not every time.
	var took []time.Duration
	for n := range 5 {
		id := fmt.Sprintf("journey-%d0", n)
		began := time.Now()
		s.publish(t, id)
		b.until(t, fmt.Sprintf(`document.querySelector("main a[href='/%s']")`, id))
		took = append(took, time.Since(began))
	}
	t.Log("A shipment appears after", took)
	fastest := took[0]
	for _, d := range took {
		fastest = min(fastest, d)
	}
	require.Less(t, fastest, time.Second)

	s.publish(t, "journey-0")
	b.until(t, `document.querySelector("main a[href='/journey-0']")`)
	b.clickLink(t, "journey-0")
	b.until(t, `location.pathname === "/journey-0"`)
	b.until(t, story+`.startsWith("created accepted")`)
	b.shows(t, "Pending")
	b.until(t, story+` === "created accepted manifested documents generated collection booked completed"`)
	b.until(t, `document.querySelector(".lead").textContent.includes("Success")`)
	links := value[[]string](t, b, `[...document.querySelectorAll(".documents a")].map(a => a.href)`)
	require.Len(t, links, 4, "all, labels, invoice, receipt")
	for _, link := range links {
		kind := value[string](t, b, fmt.Sprintf(`(() => { const r = new XMLHttpRequest(); r.open("GET", %s, false); r.send(); return r.status + " " + r.getResponseHeader("Content-Type"); })()`, quoted(link)))
		require.Equal(t, "200 application/pdf", kind)
	}
	b.openDetails(t, "Preview")
	b.until(t, `document.querySelector(".documents details[open] iframe").getBoundingClientRect().height > 300`)

	do(t, b, chromedp.Click(chromedp.CSS("nav a")))
	b.until(t, `location.pathname === "/"`)
	b.until(t, `document.querySelector("main a[href='/journey-0']").closest("tr").textContent.includes("Success")`)
}

func (s *system) testFailed(t *testing.T) {
	s.publish(t, "failed-1")
	s.ended(t, "failed-1", "Failure")
	b := s.tab(t, wide)
	b.open(t, "/")
	b.click(t, ".tile.Failure")
	b.until(t, `location.search.includes("status=Failure")`)
	b.until(t, `document.querySelector("main a[href='/failed-1']")`)
	require.Zero(t, value[int](t, b, `document.querySelectorAll("tbody .badge:not(.Failure)").length`), "only failures")
	b.clickLink(t, "failed-1")
	b.shows(t, "Carrier manifestation failed")
	b.shows(t, "1.2.3: Manifestation failed")
}

func (s *system) testRequests(t *testing.T) {
	for id, test := range map[string]struct{ field, value, button, end string }{
		"rebooked-3":  {`input[name="collectionDate"]`, time.Now().AddDate(0, 0, 3).Format(time.DateOnly), "Rebook", "Success"},
		"cancelled-3": {`input[name="reason"]`, "the customer changed her mind", "Cancel", "Cancelled"},
	} {
		t.Run(id, func(t *testing.T) {
			s.publish(t, id)
			b := s.tab(t, wide)
			b.open(t, "/"+id)
			b.until(t, story+`.endsWith("collection declined")`) // Now it waits for somebody to do something.
			b.shows(t, "It waits for a request to rebook its collection, until ")
			b.openDetails(t, test.button)
			if test.end == "Success" {
				do(t, b, chromedp.SetValue(chromedp.CSS(test.field), test.value)) // How a date is typed depends on the language.
			} else {
				b.typeInto(t, test.field, test.value)
			}
			b.press(t, test.button)
			b.until(t, fmt.Sprintf(`document.querySelector(".lead").textContent.includes(%q)`, test.end))
			if test.end == "Cancelled" {
				b.shows(t, test.value)
				b.shows(t, "voided")
			}
		})
	}
}
