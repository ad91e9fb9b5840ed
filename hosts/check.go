package hosts

import (
	"errors"
	"fmt"

	"shipments/shipment"
	"shipments/workflows"
)

// Check reports what ends hosts as soon as they start although each variable of
// their configuration is valid: no carriers, or a carrier's token that is missing
// where carriers may be called, or an API that other hosts reach and that asks nobody
// who they are. The error is a [*ConfigError].
func Check(config Config, run []Host) error {
	if len(run) > 0 && len(config.carriers.Carriers) == 0 {
		return &ConfigError{errors.New("SHIPMENTS_CARRIERS is not set, and without a carrier table no carrier is known: " +
			"name the table, or set SHIPMENTS_EMULATION=true to try the service with two simulated carriers")}
	}
	if servesHTTP(run) {
		if err := config.checkExposure(config.HTTPAddr); err != nil {
			return err
		}
	}
	host, calls := carrierCaller(config, run)
	if !calls {
		return nil
	}
	if _, missing := config.carriers.Integrations(config.Emulation); missing != nil {
		return &ConfigError{fmt.Errorf("host %s: %w", host.Name, missing)}
	}
	return nil
}

// carrierCaller is the first host that may call carriers: the carrier host does,
// and every worker host when carrier calls run inline on their parents' hosts.
func carrierCaller(config Config, run []Host) (host Host, calls bool) {
	inline := !config.composition.Has(shipment.StageCarrier)
	for _, h := range run {
		if h.Queue == workflows.QueueCarrier || (h.Queue != "" && inline) {
			return h, true
		}
	}
	return Host{}, false
}

// simulatedCarriers are the names of the carriers that the hosts simulate.
func simulatedCarriers(config Config, run []Host) []string {
	if _, calls := carrierCaller(config, run); !calls {
		return nil
	}
	return config.carriers.Simulated()
}
