// Package browser has the tests of the pages in a browser: Chromium, headless,
// against a running dev stack.
//
//   - harness_test.go: the stack, and tabs of the browser
//   - journey_test.go: a shipment from its publication to its documents; a failed
//     and a cancelled one
//   - rejection_test.go: hostile messages, and their replay
//   - access_test.go: without a script, by keyboard, on a narrow screen
//   - axe_test.go: the rules of axe-core, in light and dark
//   - screenshots_test.go: pictures of every page
//
// They need Chromium, and run with:
//
//	apt-get install chromium
//	go test -C cmd/devstack -tags browser ./browser
package browser
