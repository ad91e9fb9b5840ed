package hosts

import (
	"fmt"
	"os"
	"runtime/debug"
	"strings"
)

// Version is the version of the program, as the Go toolchain recorded it in the
// binary. A build outside a version control checkout has no commit.
type Version struct {
	// Version is the module's version: a tag, a pseudo-version that ends with the
	// commit, or "devel" where the toolchain recorded none.
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
	// CommitTime is in RFC 3339.
	CommitTime string `json:"commitTime,omitempty"`
	// Modified says that the checkout differed from the commit.
	Modified bool   `json:"modified,omitempty"`
	Go       string `json:"go"`
}

// ReadVersion reads the version of the running program.
func ReadVersion() Version {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return Version{Version: "devel"}
	}
	return versionOf(info)
}

func versionOf(info *debug.BuildInfo) Version {
	v := Version{Version: strings.Trim(info.Main.Version, "()"), Go: info.GoVersion}
	if v.Version == "" {
		v.Version = "devel"
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Commit = s.Value
		case "vcs.time":
			v.CommitTime = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}

// connectionName is the name of a NATS connection: the program, its version, and
// what it does there, such as the names of hosts.
func (v Version) connectionName(purposes ...string) string {
	return "shipments/" + v.Version + " " + strings.Join(purposes, ",")
}

// identity is the name of this process in Temporal's histories. It is short,
// since many events of a history contain it.
func (v Version) identity() string { return processName() + " shipments/" + v.Version }

// processName tells this process from others: its id and its machine.
func processName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%d@%s", os.Getpid(), host)
}
