package hosts

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestVersion(t *testing.T) {
	t.Parallel()
	settings := []debug.BuildSetting{
		{Key: "vcs.revision", Value: "0123456789abcdef"}, {Key: "vcs.time", Value: "2026-11-24T10:00:00Z"}, {Key: "vcs.modified", Value: "true"},
	}
	for name, c := range map[string]struct {
		info debug.BuildInfo
		want Version
	}{
		"a release":            {debug.BuildInfo{GoVersion: "go1", Main: debug.Module{Version: "v0.1.0"}}, Version{Version: "v0.1.0", Go: "go1"}},
		"a checkout":           {debug.BuildInfo{Main: debug.Module{Version: "(devel)"}, Settings: settings}, Version{Version: "devel", Commit: "0123456789abcdef", CommitTime: "2026-11-24T10:00:00Z", Modified: true}},
		"nothing was recorded": {debug.BuildInfo{}, Version{Version: "devel"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, versionOf(&c.info))
		})
	}
	require.Equal(t, "shipments/v1 api,carrier", Version{Version: "v1"}.connectionName("api", "carrier"))
	require.Regexp(t, `^\d+@\S+ shipments/v1$`, Version{Version: "v1"}.identity())
}
