package carriers

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// Protocol is how a carrier is called.
type Protocol string

// The protocols.
const (
	// Simulated carriers are a [Simulator] in the host's own process.
	Simulated Protocol = "simulated"
	// OverHTTP carriers serve the JSON API of openapi.yaml; see [HTTP].
	OverHTTP Protocol = "http"
)

// protocols has everything that the table needs of each protocol.
var protocols = map[Protocol]struct {
	// problems lists what an entry lacks, or has and may not have.
	problems func(Entry) []string
	// client makes the client of a checked entry. Its error names the variable
	// that is not set.
	client func(e Entry, emulation bool) (Client, error)
}{
	Simulated: {
		problems: simulatedProblems,
		client:   func(_ Entry, emulation bool) (Client, error) { return Simulator{Emulation: emulation}, nil },
	},
	OverHTTP: {problems: httpProblems, client: httpClient},
}

// protocolNames lists the protocols for an error: "http or simulated".
func protocolNames() string {
	var names []string
	for _, protocol := range slices.Sorted(maps.Keys(protocols)) {
		names = append(names, string(protocol))
	}
	return strings.Join(names, " or ")
}

func simulatedProblems(e Entry) []string {
	var problems []string
	for _, field := range []struct {
		name string
		set  bool
	}{{"url", e.URL != ""}, {"tokenVariable", e.TokenVariable != ""}, {"account", e.Account != ""}, {"timeout", e.Timeout != 0}} {
		if field.set {
			problems = append(problems, field.name+": a simulated carrier has none: remove it, or use protocol: http")
		}
	}
	return problems
}

func httpProblems(e Entry) []string {
	var problems []string
	base, err := url.Parse(e.URL)
	switch {
	case e.URL == "":
		problems = append(problems, "url: is missing: protocol http needs the base URL of the carrier's API")
	case err != nil || base.Host == "" || (base.Scheme != "http" && base.Scheme != "https"):
		problems = append(problems, fmt.Sprintf("url: %q is not an http(s) URL: use one such as https://carrier.example/api", e.URL))
	}
	switch {
	case e.Timeout < 0:
		problems = append(problems, fmt.Sprintf("timeout: %v is negative: use one such as 30s", e.Timeout))
	case e.Timeout > MaxTimeout:
		problems = append(problems, fmt.Sprintf("timeout: %v is too long: use at most 10m", e.Timeout))
	}
	return problems
}

func httpClient(e Entry, _ bool) (Client, error) {
	base, err := url.Parse(e.URL)
	if err != nil {
		return nil, fmt.Errorf("carrier %s: url: %w", e.ID, err)
	}
	token, file, err := e.token()
	if err != nil {
		return nil, err
	}
	options := HTTPOptions{Token: token, TokenFile: file, Account: e.Account, Timeout: e.Timeout}
	if len(e.Services) > 0 {
		options.Service = e.Services[0]
	}
	return NewHTTP(base, options), nil
}
