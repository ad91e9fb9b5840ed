package carriers

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"image/png"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"go.temporal.io/sdk/temporal"

	"shipments/activities/pace"
)

// The content types of labels.
const (
	LabelPDF = "application/pdf"
	LabelPNG = "image/png"
	// LabelZPL is for printers that speak the Zebra Programming Language.
	LabelZPL = "application/zpl"
)

const (
	// MaxLabel bounds a file with labels, in bytes.
	MaxLabel = 8 << 20
	// maxPixels bounds a label that is an image.
	maxPixels = 20_000_000
)

// Label is a file with one or more labels of a carrier. Its form has been checked:
// it is what its content type says, complete and not encrypted.
type Label struct {
	// ContentType is one of [LabelPDF], [LabelPNG] and [LabelZPL].
	ContentType string
	Content     []byte

	at *url.URL // where the content is still to be fetched
}

// labelAnswer is a label as a carrier answers it.
type labelAnswer struct {
	ContentType string `json:"contentType"`
	Data        string `json:"data,omitempty"`
	URL         string `json:"url,omitempty"`
}

// labels reads the labels of an answer: one file with all labels, or one for each
// package. Those that have a URL are still to be fetched.
func (h *HTTP) labels(given []labelAnswer, packages int) ([]Label, error) {
	if len(given) > 1 && len(given) != packages {
		return nil, fmt.Errorf("it has %d labels for %d packages: labels has one file with all of them, or one for each package", len(given), packages)
	}
	var labels []Label
	for i, g := range given {
		label, err := h.label(g)
		if err != nil {
			return nil, fmt.Errorf("labels[%d] %w", i, err)
		}
		labels = append(labels, label)
	}
	return labels, nil
}

// label reads one label of an answer.
func (h *HTTP) label(g labelAnswer) (Label, error) {
	media, _, _ := mime.ParseMediaType(g.ContentType)
	label := Label{ContentType: media}
	switch {
	case media != LabelPDF && media != LabelPNG && media != LabelZPL:
		return label, fmt.Errorf("has the contentType %q: use %s, %s or %s", bounded(g.ContentType), LabelPDF, LabelPNG, LabelZPL)
	case (g.Data == "") == (g.URL == ""):
		return label, errors.New("needs either data or url")
	case g.URL != "":
		at, err := h.onHost(g.URL)
		label.at = at
		return label, err
	}
	var err error
	label.Content, err = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(g.Data), ""))
	if err != nil {
		return label, fmt.Errorf("has data that is not base64: %w", err)
	}
	return label, label.check()
}

// onHost is the URL of a label, which is on the host of the carrier's API: nobody
// else gets the token.
func (h *HTTP) onHost(text string) (*url.URL, error) {
	given, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("has the url %q, which is none", bounded(text))
	}
	at := h.base.JoinPath("/").ResolveReference(given)
	if at.Scheme != h.base.Scheme || at.Host != h.base.Host || at.User != nil {
		return nil, fmt.Errorf("has a url on %q: only %s is asked for labels", bounded(at.Scheme+"://"+at.Host), h.base.Scheme+"://"+h.base.Host)
	}
	return at, nil
}

// check checks the form of the content.
func (l Label) check() error {
	if len(l.Content) > MaxLabel {
		return fmt.Errorf("has more than %d bytes", MaxLabel)
	}
	trimmed := bytes.TrimSpace(l.Content)
	switch l.ContentType {
	case LabelPDF:
		end := l.Content[max(0, len(l.Content)-1024):]
		switch {
		case !bytes.HasPrefix(l.Content, []byte("%PDF-")):
			return fmt.Errorf("is no PDF: it begins with %q", bounded(string(l.Content[:min(len(l.Content), 20)])))
		case !bytes.Contains(end, []byte("%%EOF")):
			return errors.New("is a damaged PDF: its end is missing")
		case bytes.Contains(l.Content, []byte("/Encrypt")):
			return errors.New("is an encrypted PDF")
		}
	case LabelPNG:
		config, err := png.DecodeConfig(bytes.NewReader(l.Content))
		if err != nil {
			return fmt.Errorf("is no PNG: %w", err)
		}
		if config.Width*config.Height > maxPixels {
			return fmt.Errorf("is a PNG of %d × %d pixels: use at most %d", config.Width, config.Height, maxPixels)
		}
		if _, err := png.Decode(bytes.NewReader(l.Content)); err != nil {
			return fmt.Errorf("is a damaged PNG: %w", err)
		}
	case LabelZPL:
		if !bytes.Contains(trimmed, []byte("^XA")) || !bytes.HasSuffix(trimmed, []byte("^XZ")) {
			return errors.New("is no ZPL: it is not within ^XA and ^XZ")
		}
	}
	return nil
}

// fetchLabels fetches the content of the labels that have a URL. Like an answer, a
// label that is not as it has to be is asked for [ReadAttempts] times.
func (h *HTTP) fetchLabels(ctx context.Context, labels []Label, trace Trace) error {
	requests, end := withGrace(ctx, h.grace)
	defer end()
	for i := range labels {
		for n := 1; labels[i].at != nil; n++ {
			content, err := h.fetchLabel(requests, labels[i], trace)
			switch {
			case err == nil:
				labels[i].Content, labels[i].at = content, nil
				continue
			case !isType(err, ErrorTypeUnreadable), isFirstTry(ctx):
				return prefixed(fmt.Sprintf("fetch labels[%d]: ", i), err)
			case n == ReadAttempts:
				return temporal.NewNonRetryableApplicationError(fmt.Sprintf("fetch labels[%d]: %d times in a row: %v", i, n, message(err)), ErrorTypeUnreadable, err)
			}
			if !pace.Sleep(ctx, h.readPause<<(n-1)) {
				return err
			}
		}
	}
	return nil
}

func (h *HTTP) fetchLabel(ctx context.Context, label Label, trace Trace) ([]byte, error) {
	a, err := h.exchange(ctx, ask{method: http.MethodGet, at: label.at, trace: trace, accept: label.ContentType, limit: MaxLabel})
	switch {
	case err != nil:
		return nil, callError(ErrorTypeLabelMissing, message(err), err, 0)
	case a.unreadable != nil:
		return nil, a.notRead(a.unreadable)
	case a.status == http.StatusOK:
		label.Content = a.body
		if err := label.check(); err != nil {
			return nil, callError(ErrorTypeUnreadable, fmt.Sprintf("the label at %s %v", label.at.Path, err), err, 0)
		}
		return a.body, nil
	case a.status/100 == 3:
		return nil, callError(ErrorTypeLabelMissing, message(a.redirect()), nil, a.pause())
	}
	return nil, a.failed(ErrorTypeLabelMissing, "")
}
