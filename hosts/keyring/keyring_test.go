package keyring_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shipments/hosts/keyring"
)

// ring is the text of a file with new keys.
func ring(t *testing.T, ids ...string) string {
	t.Helper()
	text := "keys:\n"
	for _, id := range ids {
		line, err := keyring.New(id)
		require.NoError(t, err)
		text += line
	}
	return text
}

func write(t *testing.T, file, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(file+".new", []byte(text), 0o600))
	require.NoError(t, os.Rename(file+".new", file))
}

func TestRingIsReadAgainWhenItChanges(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "keys.yaml")
	first := ring(t, "a")
	write(t, file, first)
	r, err := keyring.Load(file, "test")
	require.NoError(t, err)
	a := r.Active()
	require.Equal(t, "a", a.ID)

	both := first + strings.TrimPrefix(ring(t, "b"), "keys:\n")
	write(t, file, both)
	b, err := r.Find("b")
	require.NoError(t, err, "a key that is missing is looked for in the file at once")
	require.NotEqual(t, a.Secret, b.Secret)
	require.Equal(t, a, r.Active(), "the first one stays active")

	lines := strings.SplitAfter(both, "\n")
	write(t, file, lines[0]+lines[2]+lines[1])
	require.Eventually(t, func() bool { return r.Active().ID == "b" }, 10*time.Second, 20*time.Millisecond)
	again, err := r.Find("a")
	require.NoError(t, err)
	require.Equal(t, a, again)

	write(t, file, "keys: []")
	require.Eventually(t, func() bool { r.Active(); return r.Err() != nil }, 10*time.Second, 20*time.Millisecond)
	require.Equal(t, "b", r.Active().ID, "the keys stay while the file cannot be used")
	write(t, file, lines[0]+lines[2])
	require.Eventually(t, func() bool { r.Active(); return r.Err() == nil }, 10*time.Second, 20*time.Millisecond)
	_, err = r.Find("a")
	require.ErrorIs(t, err, keyring.ErrUnknownKey)
}

func TestRingIsNotReadFromAFileThatEverybodyMayWrite(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "keys.yaml")
	write(t, file, ring(t, "a"))
	require.NoError(t, os.Chmod(file, 0o646))
	_, err := keyring.Load(file, "test")
	require.ErrorContains(t, err, "everybody may write it")
	require.NoError(t, os.Chmod(file, 0o644))
	_, err = keyring.Load(file, "test")
	require.NoError(t, err)
}

func TestRingKeysOfTwoPurposesAreIndependent(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "keys.yaml")
	write(t, file, ring(t, "a"))
	one, err := keyring.Load(file, "one")
	require.NoError(t, err)
	other, err := keyring.Load(file, "other")
	require.NoError(t, err)
	require.NotEqual(t, one.Active().Secret, other.Active().Secret)
}

func TestRingIsChecked(t *testing.T) {
	t.Parallel()
	const short = "c2VjcmV0"
	valid := strings.TrimPrefix(ring(t, "a"), "keys:\n")
	for says, text := range map[string]string{
		"it has no key":                            "keys: []",
		"it is not YAML of the form":               "keys: " + short,
		"its secret is not the base64 of 32 bytes": fmt.Sprintf("keys: [{id: a, secret: %q}]", short),
		"its id has other characters":              fmt.Sprintf("keys: [{id: a/b, secret: %q}]", short),
		"key a is there twice":                     "keys:\n" + valid + valid,
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "keys.yaml")
			write(t, file, text)
			_, err := keyring.Load(file, "test")
			require.ErrorContains(t, err, says)
			require.NotContains(t, err.Error(), short)
		})
	}
	_, err := keyring.Load("/nonexistent", "test")
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = keyring.New("a/b")
	require.Error(t, err)
}
