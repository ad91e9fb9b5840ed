package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"shipments/activities/carriers"
)

// The names of the other checks.
const (
	checkCarriers = "carriers"
	checkPublic   = "public URL"
	checkAdmin    = "readiness here"
)

// maxAnswer bounds what is read of an answer.
const maxAnswer = 64 << 10

// carriers asks each carrier for the result of a call that was never made.
func (e *examination) carriers() {
	table := e.Config.CarrierTable()
	if len(table.Carriers) == 0 {
		e.add(checkCarriers, Warning, "there is no carrier table here",
			"set SHIPMENTS_CARRIERS to that of the hosts (or SHIPMENTS_EMULATION=true), so that its carriers are tried")
		return
	}
	clients, missing := table.Integrations(e.Config.Emulation)
	if missing != nil {
		e.add(checkCarriers, Failed, missing.Error(), "set the variable: hosts that call carriers do not start without it")
	}
	for _, entry := range table.Carriers {
		client, made := clients[entry.ID]
		if !made {
			continue
		}
		name := "carrier " + entry.Name
		ctx, cancel := e.within()
		err := carriers.Probe(ctx, client)
		cancel()
		switch {
		case entry.Protocol == carriers.Simulated && e.Config.Emulation:
			e.ok(name, "it is simulated, as everything is while emulating")
		case entry.Protocol == carriers.Simulated:
			e.add(name, Warning, "it is simulated: nothing is really carried", "protocol: http in the carrier table")
		case errors.Is(err, carriers.ErrNoProbe):
			e.add(name, Warning, "a carrier of protocol "+string(entry.Protocol)+" cannot be tried", "see its first calls: shipments why ID")
		case err == nil:
			e.ok(name, "%s answers, and takes the token", entry.URL)
		default:
			state, remedy := Failed, "see whether its service runs, and can be reached from here"
			switch {
			case carriers.IsTokenRefused(err) && entry.TokenVariable != "":
				remedy = "correct " + entry.TokenVariable + ", or the file that " + entry.TokenFileVariable() + " names"
			case carriers.IsTokenRefused(err):
				remedy = "the carrier wants a token: name the variable that has it as tokenVariable in the carrier table"
			}
			e.add(name, state, carriers.Message(err), remedy)
		}
	}
}

// publicURL asks for the liveness of the API where users reach it.
func (e *examination) publicURL() {
	ctx, cancel := e.within()
	defer cancel()
	at := strings.TrimRight(e.Config.PublicURL, "/") + "/healthz"
	before := time.Now()
	status, body, server, err := get(ctx, at)
	after := time.Now()
	switch {
	case err != nil:
		e.add(checkPublic, Warning, at+" cannot be reached from here: "+err.Error(),
			"start an api host, or correct SHIPMENTS_PUBLIC_URL: the links to documents in events begin with it")
	case status != http.StatusOK:
		e.add(checkPublic, Warning, fmt.Sprintf("%s answers %d: %s", at, status, firstLine(body)),
			"see whether the proxy passes the path on, and whether SHIPMENTS_PUBLIC_URL is right")
	default:
		e.ok(checkPublic, "%s answers", at)
		if !server.IsZero() { // It has whole seconds.
			if skew := server.Add(500 * time.Millisecond).Sub(before.Add(after.Sub(before) / 2)); skew.Abs() > maxSkew+time.Second {
				e.add("clock of the API", Warning, fmt.Sprintf("it differs by %s from the clock here", skew.Round(time.Second)), "have both clocks set by NTP")
			}
		}
	}
}

// admin asks the admin listener that this environment names.
func (e *examination) admin() {
	if e.Config.AdminAddr == "" {
		return
	}
	ctx, cancel := e.within()
	defer cancel()
	at := "http://" + e.Config.AdminAddr + "/readyz"
	status, body, _, err := get(ctx, at)
	var readiness struct {
		Status   string   `json:"status"`
		Reason   string   `json:"reason"`
		Hosts    []string `json:"hosts"`
		Warnings []string `json:"warnings"`
	}
	if err == nil {
		err = json.Unmarshal(body, &readiness)
	}
	switch {
	case err != nil:
		e.add(checkAdmin, Warning, at+": "+err.Error(), "start the hosts, or correct SHIPMENTS_ADMIN_ADDR")
	case status != http.StatusOK:
		e.add(checkAdmin, Failed, fmt.Sprintf("not ready: %s", firstLine(body)), "docs/operations.md, readiness, says what each check follows")
	case len(readiness.Warnings) > 0:
		e.add(checkAdmin, Warning, strings.Join(readiness.Warnings, "; "), "the hosts work without it")
	default:
		e.ok(checkAdmin, "%s", strings.Join(readiness.Hosts, ", "))
	}
}

// get makes a request, and returns the status, the beginning of the body, and the time
// that the server has.
func get(ctx context.Context, at string) (status int, body []byte, server time.Time, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return 0, nil, server, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, server, err
	}
	defer response.Body.Close()
	body, err = io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	server, _ = http.ParseTime(response.Header.Get("Date")) // Without one it is zero.
	return response.StatusCode, body, server, err
}

func firstLine(body []byte) string {
	return strings.Join(strings.Fields(string(body)), " ")
}
