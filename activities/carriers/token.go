package carriers

import (
	"fmt"
	"os"
	"strings"
)

// TokenFileVariable is the environment variable that may name a file with the token, in
// place of the entry's tokenVariable.
func (e Entry) TokenFileVariable() string {
	if e.TokenVariable == "" {
		return ""
	}
	return e.TokenVariable + "_FILE"
}

// token finds the token of an entry: the token itself, or the file that has it, which is
// read with each request.
func (e Entry) token() (token, file string, err error) {
	if e.TokenVariable == "" {
		return "", "", nil
	}
	token, file = os.Getenv(e.TokenVariable), os.Getenv(e.TokenFileVariable())
	switch {
	case token != "" && file != "":
		return "", "", fmt.Errorf("%s, %s: are both set, for carrier %s (%s): use one", e.TokenVariable, e.TokenFileVariable(), e.ID, e.Name)
	case file != "":
		if _, err := readToken(file); err != nil {
			return "", "", fmt.Errorf("%s: the token of carrier %s (%s): %w", e.TokenFileVariable(), e.ID, e.Name, err)
		}
	case token == "":
		return "", "", fmt.Errorf("%s is not set: it has the token of carrier %s (%s)", e.TokenVariable, e.ID, e.Name)
	}
	return token, file, nil
}

// readToken reads a file with a token, which may end with a line break.
func readToken(file string) (string, error) {
	content, err := os.ReadFile(file) //nolint:gosec // the configuration names the file
	if err != nil {
		return "", err
	}
	token := strings.TrimRight(string(content), "\r\n")
	if token == "" {
		return "", fmt.Errorf("%s is empty", file)
	}
	return token, nil
}

// authorization is the value of the header Authorization; empty without a token.
func (h *HTTP) authorization() (string, error) {
	token := h.options.Token
	if h.options.TokenFile != "" {
		var err error
		if token, err = readToken(h.options.TokenFile); err != nil {
			return "", callError(ErrorTypeMisconfigured, "read the file with the carrier's token: "+err.Error(), err, 0)
		}
	}
	if token == "" {
		return "", nil
	}
	return "Bearer " + token, nil
}
