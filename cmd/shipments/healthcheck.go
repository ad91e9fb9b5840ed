package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"shipments/hosts"
)

func newHealthcheck() *cobra.Command {
	return &cobra.Command{
		Use:   "healthcheck",
		Short: "Ask the hosts of this container whether they are ready; for container health checks",
		Long: `Ask /readyz at SHIPMENTS_ADMIN_ADDR, or at SHIPMENTS_HTTP_ADDR if that is not
set. Exit code 0 means that the hosts are ready.`,
		Args: takesNone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := hosts.LoadConfig()
			if err != nil {
				return err
			}
			address := config.HTTPAddr
			if config.AdminAddr != "" {
				address = config.AdminAddr
			}
			host, port, err := net.SplitHostPort(address)
			if err != nil {
				return err
			}
			if host == "" || host == "0.0.0.0" || host == "::" {
				host = "127.0.0.1"
			}
			client := http.Client{Timeout: 5 * time.Second}
			request, err := http.NewRequestWithContext(cmd.Context(), http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/readyz", nil)
			if err != nil {
				return err
			}
			response, err := client.Do(request)
			if err != nil {
				return err
			}
			defer response.Body.Close()
			body, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
			if err != nil {
				return err
			}
			if response.StatusCode != http.StatusOK {
				return fmt.Errorf("not ready: %s", body)
			}
			return nil
		},
	}
}
