package hosts

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// natsContext is a context of the nats command, as its file has it. The package
// that the nats command reads it with needs a NATS server's packages.
type natsContext struct {
	URL        string `json:"url"`
	User       string `json:"user"`
	Password   string `json:"password"`
	Token      string `json:"token"`
	Creds      string `json:"creds"`
	NKey       string `json:"nkey"`
	Cert       string `json:"cert"`
	Key        string `json:"key"`
	CA         string `json:"ca"`
	Domain     string `json:"jetstream_domain"`
	APIPrefix  string `json:"jetstream_api_prefix"`
	Inbox      string `json:"inbox_prefix"`
	UserJWT    string `json:"user_jwt"`
	UserSeed   string `json:"user_seed"`
	TLSFirst   bool   `json:"tls_first"`
	NSC        string `json:"nsc"`
	SOCKSProxy string `json:"socks_proxy"`
	CertStore  string `json:"windows_cert_store"`
}

// applyNATSContext takes from the context that NATS_CONTEXT names what no other
// variable sets. A variable that logs in replaces all that the context logs in
// with.
func (c *Config) applyNATSContext() error {
	if c.NATSContext == "" {
		return nil
	}
	context, err := readNATSContext(c.NATSContext)
	if err != nil {
		return fmt.Errorf("NATS_CONTEXT: context %s: %w", c.NATSContext, err)
	}
	take := func(into *string, from string) {
		if *into == "" {
			*into = from
		}
	}
	urlSet := slices.ContainsFunc(c.environment, func(variable string) bool { return strings.HasPrefix(variable, "NATS_URL=") })
	if context.URL != "" && !urlSet {
		c.NATSURL = context.URL
	}
	if c.NATSCreds == "" && c.NATSNKey == "" && c.NATSUser == "" {
		c.NATSCreds, c.NATSNKey, c.NATSUser = context.Creds, context.NKey, context.User
		take(&c.NATSPassword, context.Password)
		c.natsToken, c.natsUserJWT, c.natsUserSeed = context.Token, context.UserJWT, context.UserSeed
	}
	if c.NATSCert == "" && c.NATSKey == "" {
		c.NATSCert, c.NATSKey = context.Cert, context.Key
	}
	take(&c.NATSCA, context.CA)
	take(&c.NATSInboxPrefix, context.Inbox)
	if c.NATSJSDomain == "" {
		c.NATSJSDomain, c.natsAPIPrefix = context.Domain, context.APIPrefix
	}
	c.NATSTLSFirst = c.NATSTLSFirst || context.TLSFirst
	return nil
}

// readNATSContext reads a context from the folder of the nats command, and
// resolves its references.
func readNATSContext(name string) (natsContext, error) {
	var context natsContext
	if strings.ContainsAny(name, `/\`) || strings.Contains(name, "..") {
		return context, fmt.Errorf("%q is not the name of a context", name)
	}
	folder := os.Getenv("XDG_CONFIG_HOME")
	if folder == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return context, err
		}
		folder = filepath.Join(home, ".config")
	}
	file := filepath.Join(folder, "nats", "context", name+".json")
	content, err := os.ReadFile(file) //nolint:gosec // the configuration names the file
	if err != nil {
		return context, err
	}
	if err := json.Unmarshal(content, &context); err != nil {
		return context, fmt.Errorf("%s: %w", file, err)
	}
	for member, value := range map[string]string{"nsc": context.NSC, "socks_proxy": context.SOCKSProxy, "windows_cert_store": context.CertStore} {
		if value != "" {
			return context, fmt.Errorf("%s: %s is not supported", file, member)
		}
	}
	for member, value := range map[string]*string{
		"user": &context.User, "password": &context.Password, "token": &context.Token, "user_jwt": &context.UserJWT, "user_seed": &context.UserSeed,
	} {
		if *value, err = resolveSecret(*value); err != nil {
			return context, fmt.Errorf("%s: %s: %w", file, member, err)
		}
	}
	for member, value := range map[string]*string{
		"creds": &context.Creds, "nkey": &context.NKey, "cert": &context.Cert, "key": &context.Key, "ca": &context.CA,
	} {
		if *value, err = resolvePath(*value); err != nil {
			return context, fmt.Errorf("%s: %s: %w", file, member, err)
		}
	}
	return context, nil
}

// resolveSecret returns the value that a reference leads to, or the value
// itself. The errors do not show a value.
func resolveSecret(value string) (string, error) {
	scheme, rest, found := strings.Cut(value, "://")
	switch {
	case strings.HasPrefix(value, "data:"):
		return "", errReference("data:")
	case !found || strings.ContainsAny(scheme, " .:@"):
		return value, nil
	case scheme == "env":
		resolved, set := os.LookupEnv(rest)
		if !set {
			return "", fmt.Errorf("the environment has no %s", rest)
		}
		return resolved, nil
	case scheme == "file":
		content, err := os.ReadFile(expandHome(rest))
		return strings.TrimRight(string(content), "\r\n"), err
	case scheme == "op" || scheme == "nsc":
		return "", errReference(scheme + "://")
	}
	return value, nil
}

// resolvePath returns the path of a file that a member has, or refers to.
func resolvePath(value string) (string, error) {
	scheme, rest, found := strings.Cut(value, "://")
	switch {
	case strings.HasPrefix(value, "data:"):
		return "", errReference("data:")
	case !found:
		return expandHome(value), nil
	case scheme == "file":
		return expandHome(rest), nil
	}
	return "", errReference(scheme + "://")
}

func errReference(kind string) error {
	return fmt.Errorf("a reference with %s is not supported: use a file, or set the variable instead", kind)
}

func expandHome(path string) string {
	rest, found := strings.CutPrefix(path, "~/")
	if home, err := os.UserHomeDir(); found && err == nil {
		return filepath.Join(home, rest)
	}
	return path
}
