package api

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// UI says what the pages for people may do.
type UI string

// The settings of the pages.
const (
	// UIOff: there are no pages.
	UIOff UI = "off"
	// UIRead: the pages show, and change nothing.
	UIRead UI = "read"
	// UIOperate: the pages can cancel, rebook and replay too.
	UIOperate UI = "operate"
)

//go:embed pages
var pageFiles embed.FS

// assets are the files that pages load, with their types.
var assets = map[string]string{
	"style.css": "text/css; charset=utf-8",
	"live.js":   "text/javascript; charset=utf-8",
}

var pages = template.Must(template.New("pages").Funcs(template.FuncMap{
	"rfc3339": func(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) },
	"clock":   func(t time.Time) string { return t.UTC().Format(time.TimeOnly) },
	"moment":  func(t time.Time) string { return t.UTC().Format(time.DateTime) },
	"ago":     func(t time.Time) string { return brief(time.Since(t)) },
	"text":    readableText,
	"path":    pathOf,
	"carrier": func(id string) string { return id }, // [New] has their names.
}).ParseFS(pageFiles, "pages/*.html"))

// brief is a duration for people.
func brief(d time.Duration) string {
	const day = 24 * time.Hour
	switch d = max(d, 0); {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 2*day:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%d days", int(d/day))
}

// maxShown bounds the bytes of a message on a page.
const maxShown = 64 << 10

// readableText shows bytes from outside: what is not printable is escaped.
func readableText(data []byte) string {
	cut := ""
	if len(data) > maxShown {
		data, cut = data[:maxShown], "\n…"
	}
	var b strings.Builder
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, data[0])
		case r < ' ' && r != '\n' && r != '\t', r >= 0x7f && r < 0xa0, r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
		data = data[size:]
	}
	return b.String() + cut
}

// frame is what all pages have.
type frame struct {
	Title, Page, Root string
	// Live is the shipment that a page follows; a page without one follows all.
	Live     string
	Now      time.Time
	About    About
	MayAct   bool
	Warnings []string
}

func (a *api) frame(title, page string) frame {
	f := frame{Title: title, Page: page, Root: a.publicPath, Now: time.Now(), About: a.About, MayAct: a.UI == UIOperate}
	if len(a.About.SimulatedCarriers) > 0 {
		f.Warnings = append(f.Warnings, "Carriers are simulated: nothing is really manifested or collected.")
	}
	if a.Readiness != nil {
		found := a.Readiness()
		f.Warnings = append(f.Warnings, found.Warnings...)
		if !found.Ready {
			f.Warnings = append(f.Warnings, "This process is not ready: "+found.Why)
		}
	}
	return f
}

// carrierName is the name of a carrier, or its id if it is not in the table.
func (a *api) carrierName(id string) string {
	if carrier, known := a.Rules.Carrier(id); known && carrier.Name != "" {
		return carrier.Name
	}
	return id
}

// hasPages reports whether the pages are on.
func (a *api) hasPages() bool { return a.UI == UIRead || a.UI == UIOperate }

// wantsPage reports whether a request is that of a browser that shows a page.
func (a *api) wantsPage(r *http.Request) bool {
	return a.hasPages() && prefers(r, "text/html", "application/json")
}

// render replies with a page.
func (a *api) render(w http.ResponseWriter, status int, name string, data any) {
	if body, ok := a.execute(name, data); ok {
		sendPage(w, status, body)
		return
	}
	problem(w, http.StatusInternalServerError, "the page cannot be made")
}

// execute makes a page.
func (a *api) execute(name string, data any) (page []byte, ok bool) {
	var body bytes.Buffer
	if err := a.templates.ExecuteTemplate(&body, name, data); err != nil {
		a.Log.Error().Err(err).Str("page", name).Msg("A page cannot be made")
		return nil, false
	}
	return body.Bytes(), true
}

func sendPage(w http.ResponseWriter, status int, page []byte) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Accept")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "+
		"frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(page) //nolint:gosec // html/template has escaped it; an error means that the client is gone
}

// addPages adds the routes that only pages need.
func (a *api) addPages(mux *routes) {
	if !a.hasPages() {
		return
	}
	mux.HandleFunc("GET /{$}", a.listPage)
	mux.HandleFunc("GET /live", a.live)
	mux.HandleFunc("GET /assets/{name}", asset)
	mux.HandleFunc("POST /actions/{action}", a.act)
}

func asset(w http.ResponseWriter, r *http.Request) {
	kind, known := assets[r.PathValue("name")]
	if !known {
		problem(w, http.StatusNotFound, "no file has this name")
		return
	}
	serveAsset(w, r.PathValue("name"), kind)
}

func serveAsset(w http.ResponseWriter, name, kind string) {
	content, err := pageFiles.ReadFile("pages/" + name)
	if err != nil {
		problem(w, http.StatusNotFound, "no file has this name")
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(content) //nolint:gosec // an embedded file; an error means that the client is gone
}

const (
	// liveInterval is how often a page is told of changes at most. Each time, its
	// browser fetches the page.
	liveInterval = 700 * time.Millisecond
	// livePerClient is added to that for each client that follows something: however
	// many pages are open, they take no more than some fetches per second together.
	livePerClient = 20 * time.Millisecond
)

// live tells a page that something has changed, of one shipment or of all.
func (a *api) live(w http.ResponseWriter, r *http.Request) {
	following := a.Index.Follow(r.URL.Query().Get("shipment"))
	defer following.Close()
	s, ok := a.openStream(w, r)
	if !ok {
		return
	}
	defer s.close()
	for s.wait(following.Wake()) {
		following.News()
		if s.send("", "changed", []byte("{}")) != nil || !s.pause(liveInterval+time.Duration(len(a.streams)-1)*livePerClient) {
			return
		}
	}
}
