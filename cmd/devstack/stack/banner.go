package stack

import (
	"fmt"
	"io"
	"os"
	"strings"

	"shipments/shipment/emulation"
)

// exampleID is the shipment of the banner's examples.
var exampleID = emulation.NewID(emulation.Domestic, "5916b8a5d11456f9934ed91c2bd82c", emulation.Succeeds)

// printBanner prints what runs where and what to try. It is one write, so that
// no line of a log gets into it. Programs read the addresses by their names, up
// to the line that begins with Ready.
func (s *Stack) printBanner(out io.Writer) error {
	var b strings.Builder
	b.WriteString("\n  Shipment dev stack\n\n")
	row := func(name, value string) { fmt.Fprintf(&b, "  %-11s  %s\n", name, value) }
	if s.HTTPAddr != "" {
		row("HTTP API", "http://"+s.HTTPAddr)
	}
	if s.AdminAddr != "" {
		row("Admin", "http://"+s.AdminAddr)
	}
	if s.UIURL != "" {
		row("Temporal UI", s.UIURL)
	}
	row("NATS", s.NATSURL)
	row("Temporal", fmt.Sprintf("%s (namespace %s)", s.TemporalAddress, s.Namespace))
	row("Hosts", s.hostNames())
	if s.hasHosts() {
		row("Emulation", s.emulation())
	}
	row("State", s.state())
	row("Server logs", s.Dir)
	row("Process", fmt.Sprint(os.Getpid()))
	b.WriteString("\n  Try next, in another shell:\n\n")
	for _, command := range s.suggestions() {
		b.WriteString("    " + command + "\n")
	}
	b.WriteString("\n  Ready. Ctrl-C stops it.\n")
	_, err := io.WriteString(out, b.String())
	return err
}

func (s *Stack) hasHosts() bool { return len(s.options.Hosts) > 0 }

func (s *Stack) hostNames() string {
	if !s.hasHosts() {
		return "none"
	}
	names := make([]string, len(s.options.Hosts))
	for i, h := range s.options.Hosts {
		names[i] = h.Name
	}
	return strings.Join(names, ", ")
}

func (s *Stack) emulation() string {
	if s.Config.Emulation {
		return "on: a shipment's id decides what happens to it; SHIPMENTS_EMULATION=false turns it off"
	}
	return "off: a shipment's content decides what happens to it; SHIPMENTS_EMULATION=true turns it on"
}

func (s *Stack) state() string {
	if s.options.Ephemeral {
		return "not kept"
	}
	return "kept in " + s.Dir + "; --ephemeral keeps none"
}

// suggestions are commands to try. Those that nothing would answer to are left
// out.
func (s *Stack) suggestions() []string {
	if !s.hasHosts() {
		return []string{fmt.Sprintf("NATS_URL=%s TEMPORAL_ADDRESS=%s SHIPMENTS_EMULATION=true go run ./cmd/shipments run", s.NATSURL, s.TemporalAddress)}
	}
	commands := []string{fmt.Sprintf("nats --server %s sub 'shipments.*.%s'", s.NATSURL, exampleID)}
	if s.HTTPAddr != "" && s.Config.Emulation {
		url := "http://" + s.HTTPAddr + "/" + exampleID
		commands = append(commands, "curl -i -X POST "+url, "curl "+url)
	}
	return commands
}
