package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"shipments/hosts"
	"shipments/hosts/keyring"
)

func newCodec() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "codec",
		Short: "Encrypt what Temporal stores",
	}
	key := &cobra.Command{
		Use:   "key ID",
		Short: "Print a new random key, as a line of the file that SHIPMENTS_PAYLOAD_KEYS names",
		Long: `Print a new random key, as a line of the file that SHIPMENTS_PAYLOAD_KEYS names. The
line belongs below "keys:". The first key of the file is the one that encrypts.`,
		Example: `  (echo 'keys:'; shipments codec key 2026-11) > keys.yaml`,
		Args:    takes(1, 1, "an id of the key"),
		RunE: func(cmd *cobra.Command, args []string) error {
			line, err := keyring.New(args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), line)
			return err
		},
	}
	var address, origin string
	serve := &cobra.Command{
		Use:   "serve",
		Short: "Serve the decryption of what Temporal stores, for the Temporal UI",
		Long: `Serve POST /decode, with which the Temporal UI and the temporal command show what is
encrypted. The keys are those of SHIPMENTS_PAYLOAD_KEYS. Whoever asks needs a token with
the scope operate, where SHIPMENTS_AUTH_TOKENS or SHIPMENTS_AUTH_JWKS_URL is set; at an
address that other hosts reach, one of them has to be.`,
		Example: `  shipments codec serve --origin http://127.0.0.1:8080
  temporal workflow show -w shipment.1-order-4710 --codec-endpoint http://127.0.0.1:8081`,
		Args: takesNone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, log, err := loadConfig()
			if err != nil {
				return err
			}
			return hosts.ServeCodec(cmd.Context(), config, address, origin, log)
		},
	}
	serve.Flags().StringVar(&address, "addr", "127.0.0.1:8081", "address to listen on")
	serve.Flags().StringVar(&origin, "origin", "", "the Temporal UI's scheme, host and port; pages of other sites are refused")
	cmd.AddCommand(key, serve)
	return cmd
}
