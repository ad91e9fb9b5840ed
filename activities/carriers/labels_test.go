package carriers_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/activities/carriers"
)

// simulated are the labels of a simulator for the two packages of a leg.
func simulated(t *testing.T, contentType string) []carriers.Label {
	t.Helper()
	reply, err := carriers.Simulator{Labels: contentType}.ManifestLeg(t.Context(), manifest(goesWell, 1))
	require.NoError(t, err)
	require.Len(t, reply.Labels, 2)
	return reply.Labels
}

func TestHTTPTakesTheCarriersLabels(t *testing.T) {
	t.Parallel()
	for _, contentType := range []string{carriers.LabelPDF, carriers.LabelPNG, carriers.LabelZPL} {
		for name, chaos := range map[string]carriers.Chaos{"in the answer": {}, "by URL": {LabelURLs: true}} {
			t.Run(contentType+" "+name, func(t *testing.T) {
				t.Parallel()
				carrier := client(t, carriers.NewServer(carriers.Simulator{Labels: contentType}, "secret", chaos), "secret")
				reply, err := carrier.ManifestLeg(t.Context(), manifest(goesWell, 1))
				require.NoError(t, err)
				require.Equal(t, simulated(t, contentType), reply.Labels)
			})
		}
	}
}

func TestHTTPChecksTheCarriersLabels(t *testing.T) {
	t.Parallel()
	pdf := string(simulated(t, carriers.LabelPDF)[0].Content)
	png := string(simulated(t, carriers.LabelPNG)[0].Content)
	const zpl = "^XA^FDx^FS^XZ"
	data := func(contentType, content string) string {
		return fmt.Sprintf(`{"contentType":%q,"data":%q}`, contentType, base64.StdEncoding.EncodeToString([]byte(content)))
	}
	for name, test := range map[string]struct {
		labels string
		want   int    // how many; 0: it cannot be used
		why    string // part of the error
	}{
		"one file for all":     {labels: data(carriers.LabelPDF, pdf), want: 1},
		"one for each":         {labels: data(carriers.LabelZPL, zpl) + "," + data(carriers.LabelZPL, zpl), want: 2},
		"base64 on lines":      {labels: `{"contentType":"application/zpl","data":"XlhBXkZE\neF5GU15YWg=="}`, want: 1},
		"parameters":           {labels: data("application/zpl; charset=utf-8", zpl), want: 1},
		"too many":             {labels: strings.Repeat(data(carriers.LabelZPL, zpl)+",", 2) + data(carriers.LabelZPL, zpl), why: "it has 3 labels for 2 packages"},
		"another type":         {labels: data("image/jpeg", "x"), why: `labels[0] has the contentType "image/jpeg"`},
		"no type":              {labels: data("", pdf), why: `has the contentType ""`},
		"neither data nor url": {labels: `{"contentType":"application/pdf"}`, why: "labels[0] needs either data or url"},
		"both":                 {labels: `{"contentType":"application/pdf","data":"x","url":"y"}`, why: "needs either data or url"},
		"no base64":            {labels: `{"contentType":"application/pdf","data":"%%%"}`, why: "labels[0] has data that is not base64"},
		"no PDF":               {labels: data(carriers.LabelPDF, "<html>"), why: `labels[0] is no PDF: it begins with "<html>"`},
		"half a PDF":           {labels: data(carriers.LabelPDF, pdf[:len(pdf)/2]), why: "labels[0] is a damaged PDF"},
		"an encrypted PDF":     {labels: data(carriers.LabelPDF, strings.Replace(pdf, "trailer\n<<", "trailer\n<<\n/Encrypt 12 0 R", 1)), why: "labels[0] is an encrypted PDF"},
		"no PNG":               {labels: data(carriers.LabelPNG, pdf), why: "labels[0] is no PNG"},
		"half a PNG":           {labels: data(carriers.LabelPNG, png[:len(png)/2]), why: "labels[0] is a damaged PNG"},
		"no ZPL":               {labels: data(carriers.LabelZPL, "^XA^FDx"), why: "labels[0] is no ZPL"},
		"another host":         {labels: `{"contentType":"application/pdf","url":"http://labels.test/1.pdf"}`, why: `labels[0] has a url on "http://labels.test": only http://127.0.0.1`},
		"another host's path":  {labels: `{"contentType":"application/pdf","url":"//labels.test/1.pdf"}`, why: `labels[0] has a url on "http://labels.test"`},
		"a file":               {labels: `{"contentType":"application/pdf","url":"file:///etc/passwd"}`, why: `labels[0] has a url on "file://"`},
		"no URL":               {labels: `{"contentType":"application/pdf","url":"http://%zz"}`, why: "which is none"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCarrier(t, says(200, asJSON, `{"trackingNumbers":["1","2"],"labels":[`+test.labels+`]}`), nil)
			reply, err := c.ManifestLeg(t.Context(), manifest(goesWell, 1))
			if test.why == "" {
				require.NoError(t, err)
				require.Len(t, reply.Labels, test.want)
				return
			}
			failed := requireType(t, err, carriers.ErrorTypeUnreadable)
			require.Contains(t, failed.Message(), test.why)
			require.True(t, failed.NonRetryable())
			require.Empty(t, reply)
		})
	}
}

func TestHTTPFetchesLabels(t *testing.T) {
	t.Parallel()
	const zpl = "^XA^FDx^FS^XZ"
	manifested := says(200, asJSON, `{"trackingNumbers":["1","2"],"labels":[{"contentType":"application/zpl","url":"v1/labels/1?x=y"}]}`)
	busy := func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusTooManyRequests)
	}
	for name, test := range map[string]struct {
		label     respond
		kind, why string
		final     bool
		asked     int
		pause     time.Duration
	}{
		"as it is":              {label: says(200, "text/plain", zpl), asked: 1},
		"at the second attempt": {label: inTurn(says(200, "", ""), says(200, "", zpl)), asked: 2},
		"damaged":               {label: says(200, carriers.LabelZPL, "^XA"), kind: carriers.ErrorTypeUnreadable, why: "fetch labels[0]: 5 times in a row: the label at /v1/labels/1 is no ZPL", final: true, asked: 5},
		"too large":             {label: says(200, carriers.LabelZPL, strings.Repeat(" ", carriers.MaxLabel+1)), kind: carriers.ErrorTypeUnreadable, why: "more than 8388608 bytes", final: true, asked: 5},
		"elsewhere": {label: func(w http.ResponseWriter, r *http.Request, _ int) {
			http.Redirect(w, r, "http://labels.test/", http.StatusFound)
		}, kind: carriers.ErrorTypeLabelMissing, why: "points to http://labels.test/: redirects are not followed", asked: 1},
		"not there": {label: says(404, "", "no such label"), kind: carriers.ErrorTypeLabelMissing, why: "fetch labels[0]: the carrier answered 404 Not Found: no such label", asked: 1},
		"busy":      {label: busy, kind: carriers.ErrorTypeLabelMissing, asked: 1, pause: 7 * time.Second},
		"cut":       {label: cutOff(zpl), kind: carriers.ErrorTypeLabelMissing, asked: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := make(chan string, 10)
			c := newCarrier(t, manifested, func(w http.ResponseWriter, r *http.Request, n int) {
				asked <- r.Header.Get("Authorization") + " " + r.URL.String()
				test.label(w, r, n)
			})
			reply, err := c.ManifestLeg(t.Context(), manifest(goesWell, 1))
			require.Len(t, asked, test.asked)
			require.Equal(t, "Bearer secret /v1/labels/1?x=y", <-asked)
			if test.kind == "" {
				require.NoError(t, err)
				require.Equal(t, []carriers.Label{{ContentType: carriers.LabelZPL, Content: []byte(zpl)}}, reply.Labels)
				return
			}
			failed := requireType(t, err, test.kind)
			require.Contains(t, failed.Message(), test.why)
			require.Equal(t, test.final, failed.NonRetryable())
			require.Equal(t, test.pause, failed.NextRetryDelay())
			require.True(t, carriers.MayHaveHadEffect(err), "the leg is manifested")
			require.Empty(t, reply)
		})
	}
}

func TestSimulatorLabels(t *testing.T) {
	t.Parallel()
	for _, contentType := range []string{carriers.LabelPDF, carriers.LabelPNG, carriers.LabelZPL} {
		t.Run(contentType, func(t *testing.T) {
			t.Parallel()
			first := simulated(t, contentType)
			require.Equal(t, first, simulated(t, contentType), "the same bytes")
			require.NotEqual(t, first[0].Content, first[1].Content)
		})
	}
	t.Run("of another type", func(t *testing.T) {
		t.Parallel()
		_, err := carriers.Simulator{Labels: "image/gif"}.ManifestLeg(t.Context(), manifest(goesWell, 1))
		require.ErrorContains(t, err, "image/gif")
	})
}
