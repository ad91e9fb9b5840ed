// Command release checks what a release is made of: that no known vulnerability is
// reachable, that two builds give the same bytes, and what the binary contains. It is
// run from the root of the repository:
//
//	go run ./deploy/release vulnerabilities DATABASE  # a folder of golang.org/x/vulndb
//	go run ./deploy/release reproducible
//	go run ./deploy/release sbom FILE
//
// Files:
//
//   - main.go: the commands
//   - database.go: a vulnerability database for govulncheck from golang.org/x/vulndb
//   - vulnerabilities.go: what govulncheck finds, and what was looked into
//   - allowed.json: the findings that do not apply, with the reasons
//   - build.go: builds, and whether they are alike
//   - sbom.go: the list of what is in the binary
package main
