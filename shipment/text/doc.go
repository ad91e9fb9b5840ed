// Package text handles text from outside. It is pure, and safe for concurrent
// use.
//
//   - normalise.go: gives what people type into addresses and descriptions one
//     form (Unicode form, spaces, hyphens, format characters)
//   - clip.go: shortens text before it is shown
package text
