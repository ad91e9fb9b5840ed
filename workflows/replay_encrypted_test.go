package workflows_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/proxy"
	"go.temporal.io/sdk/worker"

	"shipments/hosts/keyring"
	"shipments/hosts/payloads"
	"shipments/workflows"
)

// encryptionKeys makes a file with keys and loads it.
func encryptionKeys(t *testing.T, lines string) *keyring.Ring {
	t.Helper()
	file := filepath.Join(t.TempDir(), "keys.yaml")
	require.NoError(t, os.WriteFile(file, []byte("keys:\n"+lines), 0o600))
	ring, err := keyring.Load(file, payloads.Purpose)
	require.NoError(t, err)
	return ring
}

func encryptionKey(t *testing.T, id string) string {
	t.Helper()
	line, err := keyring.New(id)
	require.NoError(t, err)
	return line
}

// encrypt encrypts the payloads of a history from an event on.
func encrypt(t *testing.T, history *historypb.History, ring *keyring.Ring, from int) (encrypted int) {
	t.Helper()
	codec := payloads.NewCodec(ring)
	for _, event := range history.GetEvents()[from:] {
		require.NoError(t, proxy.VisitPayloads(context.Background(), event, proxy.VisitPayloadsOptions{
			SkipSearchAttributes: true,
			Visitor: func(_ *proxy.VisitPayloadsContext, p []*commonpb.Payload) ([]*commonpb.Payload, error) {
				encrypted += len(p)
				return codec.Encode(p)
			},
		}))
	}
	return encrypted
}

// TestRecordedHistoriesReplayEncrypted replays histories whose payloads were
// encrypted, those that were encrypted from some event on, and those whose key was
// rotated meanwhile.
func TestRecordedHistoriesReplayEncrypted(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*_shipmentprocess_*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	old, renewed := encryptionKey(t, "old"), encryptionKey(t, "new")
	for _, file := range files {
		for name, prepare := range map[string]func(t *testing.T, history *historypb.History){
			"as a whole": func(t *testing.T, h *historypb.History) {
				t.Helper()
				require.Greater(t, encrypt(t, h, encryptionKeys(t, old), 0), 5)
			},
			"from the middle on": func(t *testing.T, h *historypb.History) {
				t.Helper()
				encrypt(t, h, encryptionKeys(t, old), len(h.GetEvents())/2)
			},
			"with a key that was rotated": func(t *testing.T, h *historypb.History) {
				t.Helper()
				half := len(h.GetEvents()) / 2
				encrypt(t, &historypb.History{Events: h.GetEvents()[:half]}, encryptionKeys(t, old), 0)
				encrypt(t, h, encryptionKeys(t, renewed+old), half)
			},
		} {
			t.Run(filepath.Base(file)+" "+name, func(t *testing.T) {
				t.Parallel()
				history := readHistory(t, file)
				prepare(t, history)
				require.NoError(t, replayWith(t, encryptionKeys(t, renewed+old), history))
			})
		}
		t.Run(filepath.Base(file)+" not without its key", func(t *testing.T) {
			t.Parallel()
			history := readHistory(t, file)
			encrypt(t, history, encryptionKeys(t, old), 0)
			require.ErrorContains(t, replayWith(t, encryptionKeys(t, renewed), history), "this task is tried again until its payloads can be read")
		})
	}
}

func replayWith(t *testing.T, ring *keyring.Ring, history *historypb.History) error {
	t.Helper()
	c := payloads.NewConverters(ring)
	replayer, err := worker.NewWorkflowReplayerWithOptions(worker.WorkflowReplayerOptions{DataConverter: c.Data, FailureConverter: c.Failure})
	require.NoError(t, err)
	for _, w := range workflows.Workers() {
		workflows.Register(onlyWorkflows{replayer}, w.Queue)
	}
	return replay(replayer, history)
}
