package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/kyoli-gam/kyoli/internal/regular"
	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/provider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

const sourceStdin = "stdin"

// logins reads what is to be added.
func (o *accountsAddOptions) logins(f *Factory) ([]*login, error) {
	source, data, err := o.read(f)
	if err != nil {
		return nil, err
	}
	if o.RefreshTokenStdin {
		l, err := bareLogin(source, data)
		return []*login{l}, err
	}
	d, err := parseDocument(source, data)
	if err != nil {
		return nil, err
	}
	list, skipped, err := d.logins(f.now())
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, d.errorAt(d.root, "", "there is no OAuth login in it, only %s", strings.Join(skipped, ", "))
	}
	for _, s := range skipped {
		f.Note("skipped %s: not an OAuth login", s)
	}
	if len(list) > 1 && (o.Label != "" || o.Email != "") {
		return nil, usageErrorf("", "--label and --email are for one account, and %s holds %d", source, len(list))
	}
	return list, nil
}

// read returns the bytes of the file or of stdin. At a terminal a refresh token
// is asked for; JSON is not typed by hand.
func (o *accountsAddOptions) read(f *Factory) (source string, data []byte, err error) {
	switch {
	case o.File != "" && o.File != "-":
		data, err = readInputFile(o.File)
		return o.File, data, err
	case !f.inTTY():
		data, err = readInput(sourceStdin, f.In)
		return sourceStdin, data, err
	case o.RefreshTokenStdin:
		token, err := f.Secret("refresh token")
		return "the refresh token", []byte(token), err
	}
	return "", nil, usageErrorf("kyoli accounts add < account.json",
		"nothing is piped into stdin: give an account there, or a file with --file, or --refresh-token-stdin to be asked for a token")
}

// readInputFile reads a file that the user has named, which may be a FIFO: <(…) of a shell is one.
func readInputFile(path string) ([]byte, error) { return readInputWith(path, os.Open) }

// readFoundFile reads a file that kyoli looked for itself.
func readFoundFile(path string) ([]byte, error) { return readInputWith(path, regular.Open) }

func readInputWith(path string, open func(string) (*os.File, error)) ([]byte, error) {
	file, err := open(path)
	if err != nil {
		return nil, cannotRead(path, err)
	}
	defer file.Close()
	data, err := readInput(path, file)
	if err != nil && hintOf(err) == "" {
		return nil, cannotRead(path, err)
	}
	return data, err
}

// cannotRead is the system's refusal to read a file that the user has named.
func cannotRead(path string, err error) error {
	return withHint(fmt.Errorf("read %s: %w", path, bareError(err)), "ls -l "+shellQuote(path))
}

// bareError is a system error without the path, which the message has already.
func bareError(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

const maxBareToken = 64 << 10

// bareLogin is a refresh token and nothing else.
func bareLogin(source string, data []byte) (*login, error) {
	token := string(bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))))
	fail := func(format string, args ...any) (*login, error) {
		return nil, &inputError{Source: source, Reason: fmt.Sprintf(format, args...)}
	}
	switch {
	case token == "":
		return fail("is empty")
	case len(token) > maxBareToken:
		return fail("longer than %d KiB", maxBareToken>>10)
	case strings.HasPrefix(token, "{"), strings.HasPrefix(token, "["):
		return fail("is JSON, and --refresh-token-stdin wants a refresh token alone")
	case strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return fail("is not one token: it holds spaces, line breaks, or characters that no token has")
	}
	return &login{Refresh: token}, nil
}

// loginGroup are logins of one provider.
type loginGroup struct {
	provider string
	logins   []*login
}

// groupLogins finds out whose the logins are: --provider's, the one that the
// input names, else the only one that has accounts. Logins in an auth.json that
// are of other providers than kyoli's, or than --provider's, are left out.
func (f *Factory) groupLogins(ctx context.Context, list []*login) ([]*loginGroup, error) {
	var groups []*loginGroup
	byID := map[string]*loginGroup{}
	var left error
	for _, l := range list {
		id, err := f.providerOfLogin(ctx, l)
		if err != nil && l.key {
			f.Note("skipped %s: %v", l.field, err)
			left = err
			continue
		}
		if err != nil {
			return nil, err
		}
		if byID[id] == nil {
			byID[id] = &loginGroup{provider: id}
			groups = append(groups, byID[id])
		}
		byID[id].logins = append(byID[id].logins, l)
	}
	if len(groups) == 0 {
		return nil, left
	}
	return groups, nil
}

func (f *Factory) providerOfLogin(ctx context.Context, l *login) (string, error) {
	r, err := f.Registry()
	if err != nil {
		return "", err
	}
	id := f.opts.Provider
	if id != "" {
		if _, err := r.Get(id); err != nil {
			return "", err
		}
	}
	if l.Provider == "" {
		return f.providerInUse(ctx)
	}
	for _, a := range r.All() {
		if a.ID != l.Provider && a.AuthJSONKey != l.Provider {
			continue
		}
		if id != "" && a.ID != id {
			return "", usageErrorf("kyoli accounts add --provider "+a.ID, "it is a login of %s, not of %s", a.ID, id)
		}
		return a.ID, nil
	}
	_, err = r.Get(l.Provider)
	return "", err
}

// providerInUse is --provider's, else the only one that has accounts.
func (f *Factory) providerInUse(ctx context.Context) (string, error) {
	id, err := f.OneProvider(ctx)
	if err == nil || exitCode(err) != exitLogin {
		return id, err
	}
	r, rerr := f.Registry()
	if rerr != nil {
		return "", rerr
	}
	ids := r.IDs()
	return "", usageErrorf("kyoli accounts add --provider "+ids[0],
		"the input does not say of which provider the account is: one of %s", strings.Join(ids, ", "))
}

// addRow is `kyoli accounts add --json`, one for each account.
type addRow struct {
	Result  manager.AddResult `json:"result"`
	Account accountRow        `json:"account"`
	Why     string            `json:"why,omitempty"`
}

func (f *Factory) addLogins(ctx context.Context, g *loginGroup, o *accountsAddOptions) ([]addRow, error) {
	m, err := f.Manager(ctx, g.provider)
	if err != nil {
		return nil, err
	}
	adapter, err := f.Adapter(g.provider)
	if err != nil {
		return nil, err
	}
	in := make([]manager.Incoming, len(g.logins))
	for i, l := range g.logins {
		in[i] = manager.Incoming{Account: l.account(adapter), Label: o.Label, Email: o.Email, Plan: o.Plan}
	}
	added, err := m.Add(ctx, in...)
	if err != nil {
		return nil, err
	}
	s, err := m.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	rows := make([]addRow, len(added))
	for i, a := range added {
		rows[i] = addRow{Result: a.Result, Account: f.accountRow(g.provider, s, a.Account), Why: a.Why}
		if !f.structured() {
			f.Note("%s", rows[i].sentence())
		}
	}
	return rows, nil
}

func (r addRow) sentence() string {
	text := fmt.Sprintf("%s %s (%s)", r.Result, shown(r.Account.name), r.Account.Provider)
	if r.Why != "" {
		text += ": " + r.Why
	}
	return text
}

// account is what is known of the login. Where the input does not say who it is,
// the tokens may.
func (l *login) account(adapter *provider.Adapter) *store.Account {
	a := l.Account
	if a == nil {
		a = &store.Account{Enabled: true}
	}
	byAccess, _ := adapter.Claims(l.Access)
	byID, _ := adapter.Claims(l.IDToken)
	a.UUID, a.CredentialOwnerID, a.AccountUUID, a.DeviceID = l.UUID, l.CredentialOwnerID, l.AccountUUID, l.DeviceID
	a.Label = strings.TrimSpace(l.Label)
	a.Email = firstText(l.Email, byID.Email, byAccess.Email)
	a.AccountID = firstText(l.AccountID, byID.AccountID, byAccess.AccountID)
	a.PlanTier = firstText(l.Plan, byID.Plan, byAccess.Plan)
	a.SetCredential(store.Credential{
		RefreshToken: store.Secret(l.Refresh), AccessToken: store.Secret(l.Access), ExpiresAt: store.Millis(l.ExpiresAt),
	})
	return a
}

func firstText(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
