// Package phone reads telephone numbers as people write them.
//
// Everything here is pure and safe for concurrent use.
//
//   - phone.go: a number becomes one in E.164
//   - table.go: calling codes, trunk prefixes and lengths by country
package phone
