package permissions

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Formats are the names of the forms.
func Formats() []string { return []string{"conf", "nsc", "json"} }

// Print writes roles in a form: conf is for the configuration of nats-server, which
// includes it and says "permissions: $shipments_consumer" of a user; nsc are
// commands that make users of an account; json is for programs.
func Print(out io.Writer, format string, roles []Role) error {
	switch format {
	case "conf":
		return printConf(out, roles)
	case "nsc":
		return printNSC(out, roles)
	case "json":
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		return encoder.Encode(roles)
	}
	return fmt.Errorf("%q is not a format: use %s", format, strings.Join(Formats(), ", "))
}

// Variable is the name that the configuration of a server has for the permissions
// of a role.
func (r Role) Variable() string { return "shipments_" + strings.ReplaceAll(r.Name, "-", "_") }

func printConf(out io.Writer, roles []Role) error {
	for i, r := range roles {
		if i > 0 {
			fmt.Fprintln(out)
		}
		fmt.Fprintf(out, "# %s: %s\n# Its environment has NATS_INBOX_PREFIX=%s\n%s = {\n", r.Name, r.Says, r.InboxPrefix, r.Variable())
		printSubjects(out, "publish", r.Publish)
		printSubjects(out, "subscribe", r.Subscribe)
		if _, err := fmt.Fprintln(out, "}"); err != nil {
			return err
		}
	}
	return nil
}

func printSubjects(out io.Writer, direction string, subjects []string) {
	fmt.Fprintf(out, "  %s = {\n    allow = [\n", direction)
	for _, subject := range subjects {
		fmt.Fprintf(out, "      %q\n", subject)
	}
	// An empty list would allow everything.
	if len(subjects) == 0 {
		fmt.Fprintf(out, "    ]\n    deny = [\">\"]\n  }\n")
		return
	}
	fmt.Fprintf(out, "    ]\n  }\n")
}

func printNSC(out io.Writer, roles []Role) error {
	for _, r := range roles {
		publish, allow := strings.Join(r.Publish, ","), "--allow-pub"
		if publish == "" {
			publish, allow = ">", "--deny-pub"
		}
		_, err := fmt.Fprintf(out, "# %s: NATS_INBOX_PREFIX=%s\nnsc add user --name %s %s '%s' --allow-sub '%s'\n",
			r.Says, r.InboxPrefix, strings.ReplaceAll(r.Variable(), "_", "-"), allow, publish, strings.Join(r.Subscribe, ","))
		if err != nil {
			return err
		}
	}
	return nil
}
