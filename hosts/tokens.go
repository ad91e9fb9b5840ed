package hosts

import (
	"cmp"
	"time"

	"shipments/activities"
)

// watchTokens has a carrier that refuses its token logged, once when that has lasted for
// [activities.TokenPatience] and once when it is over, and shown as a warning in
// readiness. The host stays ready: other carriers are called.
func (rt *runtime) watchTokens() {
	subject := func(r activities.TokenRefusal) string { return "token of carrier " + r.CarrierID }
	rt.tokens.Alarm = func(r activities.TokenRefusal) {
		name, variable := rt.carrier(r.CarrierID)
		rt.loops.warn(subject(r), "carrier "+name+" refuses its token since "+r.Since.UTC().Format(time.RFC3339)+": "+r.Words)
		rt.log.Error().Str("carrier", r.CarrierID).Str("name", name).Time("since", r.Since).Str("variable", variable).Str("answer", r.Words).
			Msg("A carrier refuses its token: its shipments stand still until it is corrected, and fail after SHIPMENTS_CARRIER_DEADLINE")
	}
	rt.tokens.Resolved = func(r activities.TokenRefusal) {
		name, _ := rt.carrier(r.CarrierID)
		rt.loops.warn(subject(r), "")
		rt.log.Info().Str("carrier", r.CarrierID).Str("name", name).Dur("lasted", time.Since(r.Since)).Msg("A carrier takes its token again")
	}
}

// carrier is the name of a carrier, and the variable with its token.
func (rt *runtime) carrier(id string) (name, variable string) {
	for _, entry := range rt.config.carriers.Carriers {
		if entry.ID == id {
			return cmp.Or(entry.Name, id), entry.TokenVariable
		}
	}
	return id, ""
}

// refusedTokens says for each carrier of the table whether it refuses its token.
func (rt *runtime) refusedTokens() map[string]bool {
	refused := rt.tokens.Refused()
	all := map[string]bool{}
	for id := range rt.carrierIDs() {
		_, all[id] = refused[id]
	}
	return all
}
