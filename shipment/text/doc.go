// Package text handles text from outside. It is pure.
//
//   - clip.go: shortens text before it is shown
package text
