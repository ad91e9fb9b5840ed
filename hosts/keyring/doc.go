// Package keyring reads keys from a file, and reads it again when it changes, so
// that keys are rotated without a restart.
package keyring
