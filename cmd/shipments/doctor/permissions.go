package doctor

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nats-io/nats.go"

	"shipments/hosts/permissions"
)

// userInfo is what the server says of the connection's user.
type userInfo struct {
	Data struct {
		User        string  `json:"user"`
		Permissions *rights `json:"permissions"`
	} `json:"data"`
	Error *struct {
		Description string `json:"description"`
	} `json:"error"`
}

// rights are what a user may do.
type rights struct {
	Publish   subjects `json:"publish"`
	Subscribe subjects `json:"subscribe"`
}

// subjects are what a user may publish or subscribe: nothing said means everything.
type subjects struct {
	Allow []string `json:"allow"`
	Deny  []string `json:"deny"`
}

// permits reports whether all subjects that a subject stands for are allowed.
func (s subjects) permits(subject string) bool {
	covered := func(by string) bool { return covers(by, subject) }
	if len(s.Allow) > 0 && !slices.ContainsFunc(s.Allow, covered) {
		return false
	}
	return !slices.ContainsFunc(s.Deny, func(denied string) bool { return overlap(denied, subject) })
}

// covers reports whether a subject with wildcards stands for all that another one stands
// for.
func covers(pattern, subject string) bool {
	p, s := strings.Split(pattern, "."), strings.Split(subject, ".")
	for i, token := range p {
		switch {
		case token == ">":
			return len(s) > i
		case i >= len(s), s[i] == ">":
			return false
		case token != "*" && token != s[i]:
			return false
		}
	}
	return len(p) == len(s)
}

// overlap reports whether two subjects with wildcards have a subject in common.
func overlap(a, b string) bool {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(as), len(bs)) {
		if as[i] == ">" || bs[i] == ">" {
			return true
		}
		if as[i] != bs[i] && as[i] != "*" && bs[i] != "*" {
			return false
		}
	}
	return len(as) == len(bs)
}

// permissions compares what the user may do with what its roles need. Nothing is
// published: the server says what is permitted.
func (e *examination) permissions() {
	ctx, cancel := e.within()
	defer cancel()
	reply, err := e.NATS.RequestWithContext(ctx, permissions.UserInfo, nil)
	if err != nil {
		found := "the server does not say what this user may do: " + e.problem(err)
		if errors.Is(err, nats.ErrNoResponders) {
			found = "the server does not say what its users may do: it is too old"
		}
		e.add(checkRights, Warning, found, "let the user publish "+permissions.UserInfo+", as `shipments nats permissions` has it")
		return
	}
	var info userInfo
	if err := json.Unmarshal(reply.Data, &info); err != nil || info.Error != nil {
		e.add(checkRights, Warning, "the server's answer about this user cannot be read", "see the server's log")
		return
	}
	user := info.Data.User
	if info.Data.Permissions == nil {
		e.add(checkRights, Warning, strings.TrimSuffix("this user may do everything: "+user, ": "),
			"give each host its role's permissions, which `shipments nats permissions` prints; docs/security.md says how")
		return
	}
	e.rights = info.Data.Permissions
	for _, name := range e.Roles {
		e.role(name, user)
	}
}

// role compares the permissions of a user with those of a role.
func (e *examination) role(name, user string) {
	check := checkRights + ", role " + name
	role, err := permissions.Named(permissions.Options{Domain: e.Config.NATSJSDomain}, name)
	if err != nil {
		e.add(check, Failed, err.Error(), "use another --role")
		return
	}
	own := role.InboxPrefix + ".>"
	if prefix := e.Config.NATSInboxPrefix; prefix != "" {
		own = prefix + ".>"
	}
	var missing []string
	for _, subject := range role.Publish {
		if !e.rights.Publish.permits(subject) {
			missing = append(missing, "publish "+subject)
		}
	}
	for _, subject := range role.Subscribe {
		if subject == role.InboxPrefix+".>" {
			subject = own
		}
		if !e.rights.Subscribe.permits(subject) {
			missing = append(missing, "subscribe "+subject)
		}
	}
	if len(missing) > 0 {
		e.add(check, Failed, fmt.Sprintf("user %s may not: %s", user, strings.Join(missing, ", ")),
			"give it what `shipments nats permissions --role "+name+"` prints, or try as the user of that role: NATS_USER, NATS_CREDS, NATS_NKEY or NATS_CONTEXT")
		return
	}
	e.ok(check, "user %s may do all that is needed (%d subjects)", user, len(role.Publish)+len(role.Subscribe))
}
