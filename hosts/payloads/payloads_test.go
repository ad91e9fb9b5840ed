package payloads_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/proto"

	"shipments/hosts/keyring"
	"shipments/hosts/payloads"
)

// line is a key of a file.
func line(t *testing.T, id string) string {
	t.Helper()
	text, err := keyring.New(id)
	require.NoError(t, err)
	return text
}

// load writes keys into a file of their own, and loads it.
func load(t *testing.T, lines ...string) (ring *keyring.Ring, file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "keys.yaml")
	require.NoError(t, os.WriteFile(file, []byte("keys:\n"+strings.Join(lines, "")), 0o600))
	ring, err := keyring.Load(file, payloads.Purpose)
	require.NoError(t, err)
	return ring, file
}

type address struct{ Name string }

var ada = address{"Ada Thompson"}

func TestConvertersHideValues(t *testing.T) {
	t.Parallel()
	ring, _ := load(t, line(t, "a"))
	c := payloads.NewConverters(ring)
	one, err := c.Data.ToPayload(ada)
	require.NoError(t, err)
	again, err := c.Data.ToPayload(ada)
	require.NoError(t, err)
	require.NotEqual(t, one.GetData(), again.GetData(), "each has its own nonce")
	many, err := c.Data.ToPayloads(ada, "Leeds")
	require.NoError(t, err)
	for _, p := range append(many.GetPayloads(), one) {
		require.Equal(t, "a", string(p.GetMetadata()["encryption-key-id"]))
		text, err := proto.Marshal(p)
		require.NoError(t, err)
		require.NotContains(t, string(text), "Ada")
		require.NotContains(t, string(text), "Leeds")
		require.NotContains(t, string(text), "json/plain")
	}
	var back address
	require.NoError(t, c.Data.FromPayload(one, &back))
	require.Equal(t, ada, back)
	var city string
	require.NoError(t, c.Data.FromPayloads(many, &back, &city))
	require.Equal(t, "Leeds", city)
}

func TestConvertersHideFailures(t *testing.T) {
	t.Parallel()
	ring, _ := load(t, line(t, "a"))
	c := payloads.NewConverters(ring)
	failure := c.Failure.ErrorToFailure(temporal.NewApplicationErrorWithCause("Ada Thompson is unknown", "Kind", errors.New("in Leeds"), ada))
	text, err := proto.Marshal(failure)
	require.NoError(t, err)
	require.NotContains(t, string(text), "Ada")
	require.NotContains(t, string(text), "Leeds")
	require.NotContains(t, string(text), "payloads_test.go", "a stack trace")
	back := c.Failure.FailureToError(failure)
	var application *temporal.ApplicationError
	require.ErrorAs(t, back, &application)
	require.Equal(t, "Kind", application.Type())
	require.ErrorContains(t, back, "Ada Thompson is unknown")
}

func TestConvertersReadWhatIsClear(t *testing.T) {
	t.Parallel()
	plain, err := converter.GetDefaultDataConverter().ToPayload(ada)
	require.NoError(t, err)
	ring, _ := load(t, line(t, "a"))
	var back address
	require.NoError(t, payloads.NewConverters(ring).Data.FromPayload(plain, &back))
	require.Equal(t, ada, back)
	same, err := payloads.NewConverters(nil).Data.ToPayload(ada)
	require.NoError(t, err)
	require.True(t, proto.Equal(plain, same), "without keys nothing is encrypted")
}

func TestConvertersWithoutKeysDoNotReadWhatIsEncrypted(t *testing.T) {
	t.Parallel()
	ring, _ := load(t, line(t, "a"))
	encrypted, err := payloads.NewConverters(ring).Data.ToPayload(ada)
	require.NoError(t, err)
	var back address
	err = payloads.NewConverters(nil).Data.FromPayload(encrypted, &back)
	require.ErrorIs(t, err, keyring.ErrUnknownKey)
	require.ErrorContains(t, err, "SHIPMENTS_PAYLOAD_KEYS is not set")
}

func TestConvertersEncryptNothingWithAReadOnlyRing(t *testing.T) {
	t.Parallel()
	key := line(t, "a")
	ring, file := load(t, key)
	encrypted, err := payloads.NewConverters(ring).Data.ToPayload(ada)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, []byte("readOnly: true\nkeys:\n"+key), 0o600))
	readOnly, err := keyring.Load(file, payloads.Purpose)
	require.NoError(t, err)
	c := payloads.NewConverters(readOnly)
	var back address
	require.NoError(t, c.Data.FromPayload(encrypted, &back))
	plain, err := c.Data.ToPayload(ada)
	require.NoError(t, err)
	require.Contains(t, string(plain.GetData()), "Ada")
	require.NoError(t, os.WriteFile(file, []byte("keys:\n"+key), 0o600))
	require.Eventually(t, func() bool {
		p, err := c.Data.ToPayload(ada)
		return err == nil && len(p.GetMetadata()["encryption-key-id"]) > 0
	}, 10*time.Second, 20*time.Millisecond, "it encrypts when the file says so")
}

func TestConvertersReadByEachKeyOfTheRing(t *testing.T) {
	t.Parallel()
	a, b := line(t, "a"), line(t, "b")
	ring, _ := load(t, a)
	old, err := payloads.NewConverters(ring).Data.ToPayload(ada)
	require.NoError(t, err)
	rotated, _ := load(t, b, a)
	var back address
	require.NoError(t, payloads.NewConverters(rotated).Data.FromPayload(old, &back))
	renewed, err := payloads.NewConverters(rotated).Data.ToPayload(ada)
	require.NoError(t, err)
	require.Equal(t, "b", string(renewed.GetMetadata()["encryption-key-id"]))

	err = payloads.NewConverters(ring).Data.FromPayload(renewed, &back)
	require.ErrorIs(t, err, keyring.ErrUnknownKey)
	var undecryptable *payloads.DecryptError
	require.ErrorAs(t, err, &undecryptable)
}

func TestConvertersRefuseWhatWasChanged(t *testing.T) {
	t.Parallel()
	ring, _ := load(t, line(t, "a"), line(t, "b"))
	c := payloads.NewConverters(ring)
	for name, change := range map[string]func(p *commonpb.Payload){
		"its data":       func(p *commonpb.Payload) { p.Data[20] ^= 1 },
		"its nonce":      func(p *commonpb.Payload) { p.Data[0] ^= 1 },
		"its key's name": func(p *commonpb.Payload) { p.Metadata["encryption-key-id"] = []byte("b") },
		"its length":     func(p *commonpb.Payload) { p.Data = p.GetData()[:5] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := c.Data.ToPayload(ada)
			require.NoError(t, err)
			change(p)
			var back address
			require.Error(t, c.Data.FromPayload(p, &back))
			require.Empty(t, back)
		})
	}
}

// TestConvertersOfAWorkflowPanic decodes in a workflow what cannot be decrypted: its
// task fails, and the workflow does not go on without it.
func TestConvertersOfAWorkflowPanic(t *testing.T) {
	t.Parallel()
	ring, _ := load(t, line(t, "a"))
	foreign, _ := load(t, line(t, "b"))
	signal, err := payloads.NewConverters(foreign).Data.ToPayload(ada)
	require.NoError(t, err)
	c := payloads.NewConverters(ring)
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.SetDataConverter(c.Data)
	env.SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: 30 * time.Second})
	env.SetTestTimeout(30 * time.Second)
	waits := func(ctx workflow.Context) (address, error) {
		aware, ok := c.Data.(workflow.ContextAware)
		if !ok {
			return address{}, errors.New("the converter does not know workflows")
		}
		var back address
		err := aware.WithWorkflowContext(ctx).FromPayload(signal, &back)
		return back, err
	}
	env.RegisterWorkflow(waits)
	env.ExecuteWorkflow(waits)
	require.True(t, env.IsWorkflowCompleted())
	var panicked *temporal.PanicError
	require.ErrorAs(t, env.GetWorkflowError(), &panicked)
	require.ErrorContains(t, panicked, "this task is tried again until its payloads can be read")
	aware, ok := c.Data.(workflow.ContextAware)
	require.True(t, ok)
	var back address
	require.ErrorIs(t, aware.WithContext(context.Background()).FromPayload(signal, &back), keyring.ErrUnknownKey, "an activity has an error")
}
