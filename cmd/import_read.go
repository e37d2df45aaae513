package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/kyoli-gam/kyoli/internal/env"
	"github.com/kyoli-gam/kyoli/pkg/config"
	"github.com/kyoli-gam/kyoli/pkg/manager/pools"
	"github.com/kyoli-gam/kyoli/pkg/migrate"
)

// haul is what one source holds.
type haul struct {
	from     string
	accounts bool // it is a source of accounts
	copies   []*copied
	active   map[string]string // the active account's uuid by provider
	pools    *pools.Config     // nil = none
	settings []settingCopy
}

// copied is one account of a source.
type copied struct {
	login *login    // nil = it is skipped
	row   importRow // without a result until there is one
}

const helpImport = "kyoli import --help"

// hauls reads what is to be imported.
func (f *Factory) hauls(o *importOptions) ([]*haul, error) {
	path := o.Source
	var source string
	var data []byte
	var err error
	switch {
	case o.Env:
		source, data = "$"+env.Accounts, []byte(f.Env.Get(env.Accounts))
		if len(data) == 0 {
			return nil, usageErrorf("export "+env.Accounts+"=…", "$%s is not set, or empty", env.Accounts)
		}
		if len(data) > maxInput {
			return nil, &inputError{Source: source, Reason: fmt.Sprintf("longer than %d MiB", maxInput>>20), Help: helpImport}
		}
	case path == "-":
		if f.inTTY() {
			return nil, usageErrorf("kyoli import accounts.age", "nothing is piped into stdin")
		}
		source = sourceStdin
		data, err = readInput(source, f.In)
	default:
		if path, err = f.importPath(o); err != nil {
			return nil, err
		}
		if info, serr := os.Stat(path); serr == nil && info.IsDir() {
			return f.haulsOfDir(path, o)
		}
		source = path
		read := readInputFile
		if o.Source == "" {
			read = readFoundFile
		}
		data, err = read(path)
	}
	if err != nil {
		return nil, helpedBy(err, helpImport)
	}
	h, err := f.haulOf(source, data, o.From, &o.unlockOptions)
	if err != nil {
		return nil, helpedBy(err, helpImport)
	}
	return []*haul{h}, nil
}

// helpedBy names the command whose help an inputError is about.
func helpedBy(err error, help string) error {
	var input *inputError
	if errors.As(err, &input) && input.Help == "" {
		input.Help = help
	}
	return err
}

// importPath is the file or directory: the one that is named, else where the
// origin keeps its own.
func (f *Factory) importPath(o *importOptions) (string, error) {
	if o.Source != "" {
		return o.Source, nil
	}
	if o.From == fromPlugin {
		return config.Dir("", f.pluginEnv, f.Env.Home())
	}
	path := f.codexPath()
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return "", failf(exitLogin, "codex login",
			"there is no %s: Codex CLI has no login here, or keeps it in the system's keyring", path)
	}
	return path, nil
}

// pluginEnv is the environment as the plugins see it, which do not know kyoli's
// own variable.
func (f *Factory) pluginEnv(name string) string {
	if name == env.ConfigDir {
		return ""
	}
	return f.Env.Get(name)
}

func (f *Factory) codexPath() string {
	return migrate.CodexAuthPath(f.Env.Get(env.CodexHome), f.Env.Home())
}

// haulOf reads one document; from "" means that its form tells what it is.
func (f *Factory) haulOf(source string, data []byte, from string, unlock *unlockOptions) (*haul, error) {
	data, err := f.unseal(source, migrate.Unwrap(data), unlock)
	if err != nil {
		return nil, err
	}
	data = migrate.Unwrap(data)
	form := migrate.FormOf(data)
	switch {
	case form == migrate.FormCodex && (from == "" || from == fromCodex):
		return f.codexHaul(source, data)
	case form == migrate.FormAccounts && from != fromCodex:
		return f.accountsHaul(source, data, from)
	case form == migrate.FormPools && (from == "" || from == fromPlugin):
		c, err := pools.Parse(source, data)
		return &haul{from: fromPlugin, pools: c}, err
	case form == migrate.FormAuthJSON:
		return nil, usageErrorf("kyoli migrate auth-json --path "+shellQuote(source), "%s is an auth.json of OpenCode", source)
	}
	if _, err := parseDocument(source, data); err != nil {
		return nil, err
	}
	what := "neither Codex CLI's auth.json, nor accounts of the plugins or an export"
	if from != "" {
		what = "not what --from " + from + " means"
	}
	return nil, &inputError{Source: source, Reason: "is " + what}
}

// codexHaul reads Codex CLI's auth.json. One without a login is a row that says so.
func (f *Factory) codexHaul(source string, data []byte) (*haul, error) {
	row := importRow{Kind: kindOfAccount, Name: "Codex CLI", Provider: migrate.CodexProvider, Source: source, Result: resultSkipped}
	codex, err := migrate.ParseCodex(source, data)
	var none *migrate.NoLoginError
	switch {
	case errors.As(err, &none):
		row.Why = none.Reason
		return &haul{from: fromCodex, accounts: true, copies: []*copied{{row: row}}}, nil
	case err != nil:
		return nil, err
	}
	row.Result = ""
	l := &login{
		Provider: migrate.CodexProvider, AccountID: codex.AccountID, Refresh: codex.RefreshToken.Reveal(),
		Access: codex.AccessToken.Reveal(), IDToken: codex.IDToken.Reveal(), ExpiresAt: int64(codex.ExpiresAt),
	}
	return &haul{from: fromCodex, accounts: true, copies: []*copied{{login: l, row: row}}}, nil
}

// accountsHaul reads an account file, the plugins', kyoli's, or an export. One
// account that is wrong does not keep the others out.
func (f *Factory) accountsHaul(source string, data []byte, from string) (*haul, error) {
	d, err := parseDocument(source, data)
	if err != nil {
		return nil, err
	}
	accounts, err := d.accountList(d.root)
	if err != nil {
		return nil, err
	}
	r := &reader{d: d, n: d.root}
	of := firstText(r.text("provider"), f.providerOfFile(source))
	h := &haul{from: firstText(from, fromKyoli), accounts: true, active: map[string]string{}}
	if uuid := r.text("activeAccountUuid"); uuid != "" {
		h.active[of] = uuid
	}
	if n := d.root.member("activeAccounts"); n != nil {
		each := &reader{d: d, n: n, field: "activeAccounts"}
		for _, id := range n.names {
			h.active[id] = each.text(id)
		}
		r.err = errors.Join(r.err, each.err)
	}
	if r.err != nil {
		return nil, r.err
	}
	for i, kid := range accounts.kids {
		h.copies = append(h.copies, f.copyOf(d, kid, fmt.Sprintf("accounts[%d]", i), of))
	}
	if n := d.root.member("pools"); n != nil && n.kind == '{' {
		if h.pools, err = pools.Parse(source, n.raw); err != nil {
			return nil, err
		}
	}
	return h, nil
}

func (f *Factory) copyOf(d *document, n *node, field, of string) *copied {
	c := &copied{row: importRow{Kind: kindOfAccount, Name: field, Source: d.source, Result: resultSkipped}}
	if n.kind != '{' {
		c.row.Why = "it is not an object"
		return c
	}
	l, err := d.login(n, field, f.now())
	if err != nil {
		var wrong *inputError
		if errors.As(err, &wrong) {
			c.row.Why = fmt.Sprintf("line %d: %s %s", wrong.Line, strings.TrimPrefix(wrong.Field, field+"."), wrong.Reason)
		} else {
			c.row.Why = err.Error()
		}
		return c
	}
	l.Provider = firstText(l.Provider, of)
	c.login, c.row.Result = l, ""
	c.row.Name = firstText(l.Label, l.Email, l.UUID, field)
	return c
}

// providerOfFile is the provider whose accounts have that file name, "" = none.
func (f *Factory) providerOfFile(path string) string {
	r, err := f.Registry()
	if err != nil {
		return ""
	}
	for _, a := range r.All() {
		if a.AccountsFile == filepath.Base(path) {
			return a.ID
		}
	}
	return ""
}
