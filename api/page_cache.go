package api

import (
	"net/http"
	"sync"
	"time"
)

const (
	// renderInterval is how often a list page with the same filters is made at most,
	// however many browsers show it.
	renderInterval = 250 * time.Millisecond
	// renderAge is how old a list page may be when nothing has changed: it says how
	// long ago things were.
	renderAge = 2 * time.Second
	// maxRendered bounds the pages that are kept.
	maxRendered = 64
)

// rendered keeps the list pages that were made last, by their URLs. A page shows
// everybody the same, so browsers that are all told of one change share its answer.
// The zero value is ready for use. It is safe for concurrent use.
type rendered struct {
	mu    sync.Mutex
	pages map[string]*renderedPage
}

// renderedPage is a page. Whoever makes it lets the others wait.
type renderedPage struct {
	mu      sync.Mutex
	made    time.Time
	version uint64 // of the view
	status  int
	body    []byte
}

// page returns the page that was made for a URL from this version of the view or a
// later one, or makes it. A page that changes all the time is made a few times per
// second: then the answer takes up to [renderInterval].
func (c *rendered) page(r *http.Request, version func() uint64, render func() (status int, body []byte)) (status int, body []byte) {
	p := c.entry(r.URL.RequestURI())
	wanted := version()
	p.mu.Lock()
	defer p.mu.Unlock()
	age := time.Since(p.made)
	if p.body != nil && p.version >= wanted && age < renderAge {
		return p.status, p.body
	}
	if age < renderInterval {
		select {
		case <-time.After(renderInterval - age):
		case <-r.Context().Done(): // Nobody reads the answer.
			return p.status, p.body
		}
	}
	p.version = version()
	p.status, p.body = render()
	p.made = time.Now()
	return p.status, p.body
}

func (c *rendered) entry(url string) *renderedPage {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, known := c.pages[url]
	if !known {
		if c.pages == nil || len(c.pages) >= maxRendered {
			c.pages = map[string]*renderedPage{} // Those that are shown are made again soon.
		}
		p = new(renderedPage)
		c.pages[url] = p
	}
	return p
}
