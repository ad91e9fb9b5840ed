package hosts

import (
	"shipments/hosts/keyring"
	"shipments/hosts/payloads"
)

// loadPayloadKeys reads the keys that encrypt what Temporal stores.
func (c *Config) loadPayloadKeys() (err error) {
	c.payloadKeys = nil
	if c.PayloadKeys == "" {
		return nil
	}
	c.payloadKeys, err = keyring.Load(c.PayloadKeys, payloads.Purpose)
	if err != nil {
		c.payloadKeys = nil
	}
	return err
}

// converters are what Temporal clients encode with.
func (c *Config) converters() payloads.Converters { return payloads.NewConverters(c.payloadKeys) }
