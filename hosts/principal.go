package hosts

import (
	"os"
	"os/user"
	"regexp"
)

// principalName matches a name that fits into an event and a log.
var principalName = regexp.MustCompile(`^[!-~][ -~]{0,255}$`)

// Principal is who uses the program, for the events that its commands publish: the user
// of NATS where a password shows that it is one, else the user of the operating system
// and the name of the host. It is what the program says of itself: NATS has let in
// whoever has the credentials. It is empty if there is no name.
func (c *Config) Principal() string {
	name := c.NATSUser
	if !c.hasNATSPassword() {
		name = localUser()
	}
	if !principalName.MatchString(name) {
		return ""
	}
	return name
}

func localUser() string {
	current, err := user.Current()
	if err != nil || current.Username == "" {
		return ""
	}
	host, err := os.Hostname()
	if err != nil {
		return current.Username
	}
	return current.Username + "@" + host
}
