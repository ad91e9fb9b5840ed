package hosts

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"shipments/activities"
	"shipments/activities/carriers"
)

func TestRefusedTokenIsLoggedAndAWarning(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	rt := &runtime{log: zerolog.New(&log)}
	rt.config.carriers = carriers.Table{Carriers: []carriers.Entry{{ID: "one", Name: "One Parcels", TokenVariable: "TOKEN_ONE"}, {ID: "two",
		Name: "Two"}}}
	rt.watchTokens()
	refusal := activities.TokenRefusal{CarrierID: "one", Since: time.Now().Add(-time.Minute),
		Words: "the carrier answered 401 Unauthorized: token expired"}
	rt.tokens.Alarm(refusal)
	require.Equal(t, 1, strings.Count(log.String(), "\n"))
	for _, part := range []string{`"level":"error"`, `"name":"One Parcels"`, `"variable":"TOKEN_ONE"`, "token expired", `"since":"`} {
		require.Contains(t, log.String(), part)
	}
	require.Contains(t, rt.loops.readiness().Warnings[0], "carrier One Parcels refuses its token since ")
	require.Equal(t, map[string]bool{"one": false, "two": false}, rt.refusedTokens(), "the watch itself has seen none")
	rt.tokens.Resolved(refusal)
	require.Empty(t, rt.loops.readiness().Warnings)
	require.Contains(t, log.String(), "takes its token again")
}
