//go:build browser

package browser_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"shipments/api"
	"shipments/cmd/devstack/stack"
	"shipments/hosts"
)

// patience is how long a test waits for what has to happen.
const patience = time.Minute

// system is a running dev stack, and a browser.
type system struct {
	url     string
	js      jetstream.JetStream
	browser context.Context
}

// start runs a dev stack whose pages can act, and a browser, until the test ends.
func start(t *testing.T) *system {
	t.Helper()
	config, err := hosts.LoadConfig()
	require.NoError(t, err)
	config.Emulation, config.CollectionDelay, config.ChildWorkflows, config.PublicURL = true, 2*time.Second, "none", ""
	config.UI = string(api.UIOperate)
	s, err := stack.Start(t.Context(), stack.Options{
		Ephemeral: true, NoUI: true, HTTPAddr: "127.0.0.1:0", AdminAddr: "127.0.0.1:0", Config: config, Hosts: hosts.All(),
		Log: zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel),
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop()) })
	nc, err := nats.Connect(s.NATSURL)
	require.NoError(t, err)
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	require.NoError(t, err)
	return &system{url: "http://" + s.HTTPAddr, js: js, browser: startBrowser(t)}
}

// startBrowser runs Chromium with an empty profile.
func startBrowser(t *testing.T) context.Context {
	t.Helper()
	file, err := exec.LookPath("chromium")
	require.NoError(t, err, "apt-get install chromium")
	allocator, stop := chromedp.NewExecAllocator(context.Background(), chromedp.Headless, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
		chromedp.ExecPath(file), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()), chromedp.Flag("lang", "en-GB"),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true))
	t.Cleanup(stop)
	browser, end := chromedp.NewContext(allocator)
	t.Cleanup(end)
	require.NoError(t, chromedp.Do(browser))
	return browser
}

// tab is a tab of the browser. Whatever a page complains of fails the test: an
// error of its script, a file that its policy refuses, a dialog.
type tab struct {
	s   *system
	ctx context.Context

	mu         sync.Mutex
	complaints []string
}

// look is how a tab shows pages.
type look struct {
	width, height int64
	dark          bool
	withoutScript bool
}

var (
	wide   = look{width: 1280, height: 900}
	narrow = look{width: 320, height: 640}
)

func (l look) inDark() look         { l.dark = true; return l }
func (l look) withoutScripts() look { l.withoutScript = true; return l }

// name is that of a screenshot.
func (l look) name() string {
	name := "light"
	if l.dark {
		name = "dark"
	}
	return fmt.Sprintf("%s-%d", name, l.width)
}

func (s *system) tab(t *testing.T, l look) *tab {
	t.Helper()
	b := &tab{s: s}
	var end context.CancelFunc
	b.ctx, end = chromedp.NewContext(s.browser, chromedp.WithListener(b.listen))
	t.Cleanup(end)
	require.NoError(t, chromedp.Do(b.ctx)) // It lives as long as the context of the first call.
	scheme := "light"
	if l.dark {
		scheme = "dark"
	}
	do(t, b, command(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: l.width, Height: l.height, DeviceScaleFactor: 1}))
	do(t, b, command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}))
	do(t, b, command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: l.withoutScript}))
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		require.Empty(t, b.complaints, "the page complains")
	})
	return b
}

// command is a command of the browser's protocol as an action.
func command[P, R any](c cdp.Command[P, R], params P) chromedp.Action[R] {
	return func(ctx context.Context, target *chromedp.Target) (R, error) { return cdp.Call(ctx, target, c, params) }
}

// listen takes the events of a tab. It must not block.
func (b *tab) listen(ev any) {
	complaint := ""
	switch ev := ev.(type) {
	case *runtime.EventExceptionThrown:
		complaint = ev.ExceptionDetails.Text
	case *log.EventEntryAdded:
		// A page that says 404 or 400 is what some tests ask for.
		if ev.Entry.Level == log.EntryLevelError && !strings.Contains(ev.Entry.Text, "the server responded with a status of 4") {
			complaint = ev.Entry.Text + " " + ev.Entry.URL
		}
	case *page.EventJavascriptDialogOpening:
		complaint = "dialog: " + ev.Message
		go func() {
			_, _ = chromedp.Run(b.ctx, command(page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})) // The test fails anyway.
		}()
	}
	if complaint != "" {
		b.mu.Lock()
		b.complaints = append(b.complaints, complaint)
		b.mu.Unlock()
	}
}

// do runs an action in a tab.
func do[T any](t *testing.T, b *tab, action chromedp.Action[T]) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	result, err := chromedp.Run(ctx, action)
	require.NoError(t, err)
	return result
}

// open loads a page.
func (b *tab) open(t *testing.T, path string) {
	t.Helper()
	do(t, b, chromedp.Navigate(b.s.url+path))
}

// value is what an expression is in the page.
func value[T any](t *testing.T, b *tab, expression string) T {
	t.Helper()
	return do(t, b, chromedp.Evaluate[T](expression))
}

// until waits until an expression is true in the page.
func (b *tab) until(t *testing.T, expression string) {
	t.Helper()
	require.Eventually(t, func() bool {
		ctx, cancel := context.WithTimeout(b.ctx, patience)
		defer cancel()
		holds, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")")) // It fails while another page is loaded.
		return err == nil && holds
	}, patience, 20*time.Millisecond, expression)
}

// shows waits until the page shows a text.
func (b *tab) shows(t *testing.T, text string) {
	t.Helper()
	b.until(t, "document.body.innerText.includes("+quoted(text)+")")
}

// quoted is a text as a literal of a script.
func quoted(text string) string {
	encoded, _ := json.Marshal(text) //nolint:errchkjson // a string can be encoded
	return string(encoded)
}

// click clicks on what a selector finds first, as a mouse does.
func (b *tab) click(t *testing.T, selector string) {
	t.Helper()
	clickOn(t, b, chromedp.CSS(selector))
}

// clickOn clicks. A page that is made anew at that moment is tried again.
func clickOn[S chromedp.Selectable](t *testing.T, b *tab, selector S) {
	t.Helper()
	require.Eventually(t, func() bool {
		ctx, cancel := context.WithTimeout(b.ctx, patience/4)
		defer cancel()
		return chromedp.Do(ctx, chromedp.Click(selector)) == nil
	}, patience, 20*time.Millisecond, selector)
}

// clickLink clicks on the link with a text.
func (b *tab) clickLink(t *testing.T, text string) {
	t.Helper()
	clickOn(t, b, chromedp.Search(fmt.Sprintf("//main//a[normalize-space()=%s]", quoted(text))))
}

// openDetails opens what begins with a text.
func (b *tab) openDetails(t *testing.T, text string) {
	t.Helper()
	clickOn(t, b, chromedp.Search(fmt.Sprintf("//main//summary[starts-with(normalize-space(),%s)]", quoted(text))))
}

// press clicks on the button of a form that begins with a text.
func (b *tab) press(t *testing.T, text string) {
	t.Helper()
	clickOn(t, b, chromedp.Search(fmt.Sprintf("//main//form//button[starts-with(normalize-space(),%s)]", quoted(text))))
}

// typeInto types a text into the field that a selector finds.
func (b *tab) typeInto(t *testing.T, selector, text string) {
	t.Helper()
	do(t, b, chromedp.SendKeys(chromedp.CSS(selector), text))
}

// keys presses keys.
func (b *tab) keys(t *testing.T, keys string) {
	t.Helper()
	do(t, b, chromedp.KeyEvent(keys))
}

// publish publishes a sample shipment.
func (s *system) publish(t *testing.T, id string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/"+id, nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusAccepted, response.StatusCode)
}

// ended waits until a shipment has ended with a status.
func (s *system) ended(t *testing.T, id, status string) {
	t.Helper()
	require.Eventually(t, func() bool {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/"+id+"?wait=10s", nil)
		require.NoError(t, err)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return false
		}
		defer response.Body.Close()
		var got struct {
			Status string `json:"status"`
		}
		return json.NewDecoder(response.Body).Decode(&got) == nil && got.Status == status
	}, patience, 20*time.Millisecond, "%s is %s", id, status)
}

func TestMain(m *testing.M) {
	stack.TuneGC()
	os.Exit(m.Run())
}
