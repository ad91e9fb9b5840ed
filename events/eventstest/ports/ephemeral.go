package ports

import (
	"fmt"
	"os"
)

// ephemeral returns the first and the last port of the range from which the
// system chooses by itself: Linux says it, other systems use IANA's range.
func ephemeral() (first, last int) {
	first, last = 49152, 65535
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return first, last
	}
	var from, to int
	if _, err := fmt.Sscan(string(text), &from, &to); err != nil {
		return first, last
	}
	return from, to
}

// candidates returns a range of ports, the last one excluded, outside the
// ephemeral one: below it, else above it. Where that one leaves less than
// enough on either side, the range lies within it.
func candidates(first, last int) (from, to int) {
	const (
		lowest, highest = 10000, 30000 // Below are the ports of services, above those of Kubernetes.
		enough          = 1000
		end             = 65536
	)
	to = min(first, highest)
	from = max(lowest, to-lowest)
	switch {
	case to-from >= enough:
		return from, to
	case end-(last+1) >= enough:
		return last + 1, end
	default:
		return highest - lowest, highest
	}
}
