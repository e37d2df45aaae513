package cmd

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kyoli-gam/kyoli/pkg/claims"
	"github.com/kyoli-gam/kyoli/pkg/config"
	"github.com/kyoli-gam/kyoli/pkg/provider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// doctor is one examination. Settings that cannot be read do not keep it from looking at the rest.
type doctor struct {
	f   *Factory
	dir string

	config   *config.Config     // nil where kyoli.yaml cannot be read
	registry *provider.Registry // the built-in adapters alone, where the user's cannot be read
	settings error              // why not
	patients []patient

	findings []finding
	seen     *evidence
}

// patient is one provider's accounts and claims.
type patient struct {
	id      string
	adapter *provider.Adapter // nil for an account file that no adapter is for
	store   *store.File
	claims  *claims.Store
}

// evidence is what one look has found out and several checks need.
type evidence struct {
	accounts map[string]*store.Inspection // by provider
	files    []string                     // that may hold a token
	own      []string                     // that hold none, but are kyoli's
	dirs     []string                     // in which kyoli writes
}

func newDoctor(f *Factory) (*doctor, error) {
	dir, err := config.Dir(f.opts.ConfigDir, f.Env.Get, f.Env.Home())
	if err != nil {
		return nil, err
	}
	d := &doctor{f: f, dir: dir}
	if d.config, d.settings = f.Config(); d.settings == nil {
		d.registry, d.settings = f.Registry()
	}
	if d.registry == nil {
		if d.registry, err = provider.Load(nil, ""); err != nil {
			return nil, err
		}
	}
	return d, d.admit()
}

// admit chooses whose accounts are looked at: --provider's, else those of all providers, and of any file beside
// theirs that has the form of its name.
func (d *doctor) admit() error {
	ids := d.registry.IDs()
	if id := d.f.opts.Provider; id != "" {
		if _, err := d.registry.Get(id); err != nil {
			return err
		}
		ids = []string{id}
	}
	var known []string
	for _, id := range ids {
		a, err := d.registry.Get(id)
		if err != nil {
			return err
		}
		known = append(known, a.AccountsFile)
		d.patients = append(d.patients, d.patient(id, a, a.AccountsFile))
	}
	if d.f.opts.Provider != "" {
		return nil
	}
	const form = "-multi-account-accounts.json"
	others, _ := filepath.Glob(filepath.Join(globEscape(d.dir), "*"+form))
	for _, path := range others {
		if base := filepath.Base(path); !slices.Contains(known, base) {
			d.patients = append(d.patients, d.patient(strings.TrimSuffix(base, form), nil, base))
		}
	}
	return nil
}

// globEscape keeps a path from being taken for a pattern.
func globEscape(path string) string {
	if filepath.Separator == '\\' { // there is no way to escape anything there
		return path
	}
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

// patient opens a provider's files as the factory does, except that reading them mends nothing.
func (d *doctor) patient(id string, a *provider.Adapter, file string) patient {
	path := filepath.Join(d.dir, file)
	wait := d.f.opts.LockTimeout
	return patient{
		id: id, adapter: a,
		store: store.Open(path, store.Options{
			LockTimeout: wait, Now: d.f.now, OnNote: d.f.noteMending, Sealing: d.f.sealing(),
		}),
		claims: claims.Open(path, claims.Options{
			LockTimeout: wait, Now: d.f.now, OnNote: func(n claims.Note) { d.f.Note("%s", n.Text) },
		}),
	}
}

// noteMending passes on what came up while something was mended, and is no finding by itself.
func (f *Factory) noteMending(n store.Note) {
	switch n.Kind {
	case store.NoteMerged, store.NoteLastGood, store.NoteJournal:
		f.Note("%s", n)
	}
}

// look makes all checks that are made again after something was mended.
func (d *doctor) look(ctx context.Context) {
	d.findings, d.seen = nil, &evidence{accounts: map[string]*store.Inspection{}}
	d.checkSettings()
	for _, p := range d.patients {
		d.checkAccounts(ctx, p)
		d.checkClaims(ctx, p)
	}
	d.checkKey()
	d.checkPools(ctx)
	d.checkAuth(ctx)
	d.checkVaults(ctx)
	d.checkLocks(ctx)
	d.checkPlaces()
	d.checkAny()
}

// found notes a finding.
func (d *doctor) found(x finding) {
	if x.mend != nil && x.Fix == "" {
		x.Fix = fixCommand
	}
	d.findings = append(d.findings, x)
}

// checkAny says that there is nothing to look at yet.
func (d *doctor) checkAny() {
	for _, i := range d.seen.accounts {
		if i.Err != nil || len(i.Accounts.List) > 0 {
			return
		}
	}
	d.found(finding{
		ID: "no-accounts", Severity: severityNote, File: d.dir, Message: "there are no accounts yet",
		Why: "every other command needs one", Fix: "kyoli login",
	})
}
