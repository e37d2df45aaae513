package cmd

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/internal/termtext"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

type accountsAddOptions struct {
	File         string
	RefreshToken bool // a bare refresh token on stdin
	Label        string
	Email        string
	Plan         string
}

func newAccountsAddCmd(f *Factory, runF func(context.Context, *accountsAddOptions) error) *cobra.Command {
	o := &accountsAddOptions{}
	cmd := &cobra.Command{
		Use:   "add",
		Short: "Add accounts from stdin or a file",
		Long: `Adds accounts from JSON on stdin or in a file: one object, an array of objects, a
whole account file, an entry of OpenCode's auth.json or a whole auth.json. An
object needs "refreshToken" (or "refresh_token", "refresh"), and may have
"accessToken", "expiresAt", "email", "label", "planTier", "accountId", "uuid" and
their spellings with underscores. --refresh-token-stdin reads a refresh token
alone. Tokens are never taken as arguments: those show in the process list.

An account that is there already (by its token, its uuid or its e-mail) is
updated with the login, and works again where it needed a new one. An older
login than the one that kyoli has changes nothing.`,
		Example: `  kyoli accounts add --provider openai --label work < login.json
  kyoli accounts add --provider openai --file accounts.json
  pass show openai | kyoli accounts add --provider openai --refresh-token-stdin --email me@example.com`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.RefreshToken && o.File != "" {
				return flagErrorf("--refresh-token-stdin and --file contradict each other")
			}
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runAccountsAdd(cmd.Context(), f, o)
		},
	}
	fs := cmd.Flags()
	fs.StringVarP(&o.File, "file", "f", "", "read this `file` instead of stdin (- = stdin)")
	fs.BoolVar(&o.RefreshToken, "refresh-token-stdin", false, "stdin is a refresh token and nothing else")
	fs.StringVar(&o.Label, "label", "", "give the account this `label`")
	fs.StringVar(&o.Email, "email", "", "the account's `e-mail`")
	fs.StringVar(&o.Plan, "plan", "", "the account's `plan`, such as plus")
	return cmd
}

// addRow is `kyoli accounts add --json`, an object a line.
type addRow struct {
	Result  string     `json:"result"` // added, updated, unchanged
	Account accountRow `json:"account"`
	Why     string     `json:"why,omitempty"`
}

func runAccountsAdd(ctx context.Context, f *Factory, o *accountsAddOptions) error {
	logins, skipped, err := f.readLogins(o)
	if err != nil {
		return err
	}
	if err := o.complete(logins); err != nil {
		return err
	}
	for _, what := range skipped {
		f.Note("skipped: %s: kyoli holds OAuth logins only", what)
	}
	if err := f.providersFor(ctx, logins); err != nil {
		return err
	}
	for _, id := range loginProviders(logins) {
		if err := f.addTo(ctx, id, logins); err != nil {
			return err
		}
	}
	return nil
}

// readLogins reads the input, without a change anywhere.
func (f *Factory) readLogins(o *accountsAddOptions) ([]*login, []string, error) {
	if o.RefreshToken {
		l, err := f.readToken()
		return []*login{l}, nil, err
	}
	source, in := "stdin", f.In
	if o.File != "" && o.File != "-" {
		file, err := os.Open(o.File)
		if err != nil {
			return nil, nil, &store.ReadError{Path: o.File, Err: err}
		}
		defer file.Close()
		source, in = o.File, file
	} else if f.inTTY() {
		return nil, nil, usageErrorf("kyoli accounts add --provider openai < login.json", "nothing is piped in: the account is read from stdin or --file")
	}
	data, err := readInput(source, in)
	if err != nil {
		return nil, nil, err
	}
	d, err := parseDocument(source, data)
	if err != nil {
		return nil, nil, err
	}
	return d.logins(f.now())
}

// readToken reads a refresh token and nothing else: hidden from a terminal, one
// line from anywhere else.
func (f *Factory) readToken() (*login, error) {
	var token string
	if f.inTTY() {
		secret, err := f.Secret("refresh token")
		if err != nil {
			return nil, err
		}
		token = secret
	} else {
		data, err := io.ReadAll(io.LimitReader(f.In, maxInput+1))
		if err != nil {
			return nil, fmt.Errorf("read stdin: %w", err)
		}
		token = strings.TrimSpace(strings.TrimPrefix(string(data), "\ufeff"))
	}
	switch {
	case token == "":
		return nil, &inputError{Source: "stdin", Reason: "is empty"}
	case strings.ContainsFunc(token, func(r rune) bool { return !isTokenRune(r) && !strings.ContainsRune("!#$%&'*:|", r) }):
		return nil, &inputError{Source: "stdin", Reason: "is not a refresh token alone"}
	}
	return &login{Refresh: token}, nil
}

// complete lays the flags over the logins. They describe one account.
func (o *accountsAddOptions) complete(logins []*login) error {
	if o.Label == "" && o.Email == "" && o.Plan == "" {
		return nil
	}
	if len(logins) != 1 {
		return flagErrorf("--label, --email and --plan are for one account; the input has %d", len(logins))
	}
	l := logins[0]
	for _, v := range []struct {
		from string
		to   *string
	}{{o.Label, &l.Label}, {o.Email, &l.Email}, {o.Plan, &l.Plan}} {
		if v.from != "" {
			*v.to = v.from
		}
	}
	return nil
}

// providersFor settles whose logins they are: --provider's, else what the input
// says, else the only provider in use.
func (f *Factory) providersFor(ctx context.Context, logins []*login) error {
	keys, err := f.providerByKey()
	if err != nil {
		return err
	}
	fallback := ""
	for _, l := range logins {
		said := l.Provider
		if id, ok := keys[said]; ok {
			said = id
		}
		switch {
		case f.opts.Provider != "" && said != "" && said != f.opts.Provider:
			return usageErrorf("", "%s is a login of provider %s, not of %s", l.where(), termtext.Clean(said), f.opts.Provider)
		case f.opts.Provider != "":
			said = f.opts.Provider
		case said == "":
			if fallback == "" {
				if fallback, err = f.providerToAdd(ctx); err != nil {
					return err
				}
			}
			said = fallback
		}
		a, err := f.Adapter(said)
		if err != nil {
			return err
		}
		l.Provider = a.ID
	}
	return nil
}

// providerByKey are the providers by their key in auth.json.
func (f *Factory) providerByKey() (map[string]string, error) {
	r, err := f.Registry()
	if err != nil {
		return nil, err
	}
	keys := map[string]string{}
	for _, id := range r.IDs() {
		a, err := r.Get(id)
		if err != nil {
			return nil, err
		}
		keys[a.AuthJSONKey] = id
	}
	return keys, nil
}

func (f *Factory) providerToAdd(ctx context.Context) (string, error) {
	ids, err := f.Providers(ctx)
	if err != nil {
		return "", err
	}
	if len(ids) == 1 {
		return ids[0], nil
	}
	return "", usageErrorf("kyoli accounts add --provider openai < login.json", "the input does not say whose login it is; name the provider")
}

// where names a login for people, never by its content.
func (l *login) where() string {
	if l.field == "" {
		return "the input"
	}
	return l.field
}

func loginProviders(logins []*login) []string {
	var ids []string
	seen := map[string]bool{}
	for _, l := range logins {
		if !seen[l.Provider] {
			seen[l.Provider] = true
			ids = append(ids, l.Provider)
		}
	}
	return ids
}
