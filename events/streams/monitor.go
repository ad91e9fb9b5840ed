package streams

import (
	"fmt"
	"maps"

	"shipments/events"
)

// monitorPrefix is what the metadata begins with by which `nats server check`
// checks streams and consumers that say `enabled`.
const monitorPrefix = "io.nats.monitor."

// maxSubjects is the number of subjects of a stream from which on an operator
// should act: the server keeps all of them in memory.
const maxSubjects = 10_000_000

// streamMonitoring is the metadata of a stream with the given number of replicas.
func streamMonitoring(stream string, replicas int) map[string]string {
	m := map[string]string{
		monitorPrefix + "enabled":           "1",
		monitorPrefix + "subjects-warn":     fmt.Sprint(maxSubjects / 10),
		monitorPrefix + "subjects-critical": fmt.Sprint(maxSubjects),
	}
	if replicas > 1 {
		m[monitorPrefix+"peer-expect"] = fmt.Sprint(replicas)
	}
	if stream == events.StreamRejections {
		// Each rejection waits for an operator: a thousand are a fault of a publisher.
		m[monitorPrefix+"msgs-warn"], m[monitorPrefix+"msgs-critical"] = "1000", "100000"
	}
	return m
}

// consumerMonitoring is the metadata of the durable consumer.
func consumerMonitoring() map[string]string {
	return map[string]string{
		monitorPrefix + "enabled":                  "1",
		monitorPrefix + "outstanding-ack-critical": fmt.Sprint(MaxAckPending / 2),
		monitorPrefix + "waiting-critical":         "500", // of 512 pulls that the server keeps
		monitorPrefix + "unprocessed-critical":     "100000",
		monitorPrefix + "redelivery-critical":      "1000",
	}
}

// monitored shows whether metadata has monitoring. An operator may change its
// limits, or say `enabled` "0".
func monitored(metadata map[string]string) string {
	if metadata[monitorPrefix+"enabled"] == "" {
		return ""
	}
	return "set"
}

// monitor adds the wanted monitoring to metadata that has none.
func monitor(metadata *map[string]string, want map[string]string) {
	if monitored(*metadata) != "" || monitored(want) == "" {
		return
	}
	all := maps.Clone(want)
	maps.Copy(all, *metadata)
	*metadata = all
}
