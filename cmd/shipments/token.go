package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"shipments/api/auth"
)

func newToken() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Make bearer tokens of the HTTP API",
	}
	var (
		scopes []string
		life   time.Duration
		file   string
	)
	create := &cobra.Command{
		Use:   "new NAME",
		Short: "Make a token, and the line for the file that SHIPMENTS_AUTH_TOKENS names",
		Long: `Make a token, and the line for the file that SHIPMENTS_AUTH_TOKENS names, which has a
hash of it. The token is shown once. With --file the line is added to that file, and
the token alone is printed.

Scopes: ` + scopeNames() + `. None contains another one.`,
		Example: `  shipments token new warehouse --scope shipments:read,documents:read --file tokens.yaml
  curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:43210/shipments/1-order-4710`,
		Args: takes(1, 1, "the name of who will use it"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var chosen []auth.Scope
			for _, scope := range scopes {
				chosen = append(chosen, auth.Scope(scope))
			}
			var expires time.Time
			if life > 0 {
				expires = time.Now().Add(life)
			}
			token, line, err := auth.NewToken(args[0], chosen, expires)
			if err != nil {
				return err
			}
			if file == "" {
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n\nThe line for the file, below \"tokens:\":\n%s", token, line)
				return err
			}
			if err := addToken(file, line); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), token)
			return err
		},
	}
	create.Flags().StringSliceVar(&scopes, "scope", nil, "scopes of the token")
	create.Flags().DurationVar(&life, "expires-in", 0, "how long the token is good for; 0 for ever")
	create.Flags().StringVar(&file, "file", "", "file of tokens to add the line to; it is made if there is none")
	cmd.AddCommand(create)
	return cmd
}

func scopeNames() string {
	return strings.Trim(strings.Join(strings.Fields(fmt.Sprint(auth.Scopes())), ", "), "[]")
}

// addToken adds a line to a file of tokens, in one step, so that whoever reads the file
// meanwhile sees the old one or the new one.
func addToken(file, line string) error {
	content, err := os.ReadFile(file) //nolint:gosec // the operator names it
	if errors.Is(err, fs.ErrNotExist) {
		content, err = []byte("tokens:\n"), nil
	}
	if err != nil {
		return err
	}
	if len(content) > 0 && content[len(content)-1] != '\n' {
		content = append(content, '\n')
	}
	next := file + ".new"
	if err := os.WriteFile(next, append(content, line...), 0o600); err != nil { //nolint:gosec // as above
		return err
	}
	if _, err := auth.LoadTokens(next); err != nil {
		return errors.Join(fmt.Errorf("the line cannot be added to %s: %w", file, err), os.Remove(next))
	}
	return os.Rename(next, file)
}
