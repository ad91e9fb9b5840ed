//go:build !failpoints

package hosts

import (
	"go.temporal.io/sdk/interceptor"

	"shipments/consumer"
)

// Only binaries built with the tag failpoints crash on demand: see failpoints.go.

func withFailpoints(temporal consumer.Temporal) consumer.Temporal { return temporal }

func failpointVariables() []string { return nil }

func failpointInterceptors() []interceptor.WorkerInterceptor { return nil }
