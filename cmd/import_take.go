package cmd

import (
	"context"
	"slices"

	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/migrate"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// importer takes over what was read. Each account file is written once.
type importer struct {
	f     *Factory
	o     *importOptions
	hauls []*haul

	left  map[*copied]bool  // not of --provider
	now   map[string]string // uuids as they are in the source, and here
	more  []importRow       // pools, chains, settings
	known bool              // an account is here, new or not
	news  bool              // of Codex CLI: a login is new here
}

func (im *importer) run(ctx context.Context) error {
	ids, by := im.byProvider()
	for _, id := range ids {
		if err := im.takeAccounts(ctx, id, by[id]); err != nil {
			return err
		}
	}
	for _, h := range im.hauls {
		if h.pools != nil {
			if err := im.takePools(ctx, h.pools); err != nil {
				return err
			}
		}
	}
	for _, h := range im.hauls {
		for _, s := range h.settings {
			if err := im.takeSetting(ctx, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// rows are those that have a result, accounts first. Accounts of other providers
// than --provider's are left out.
func (im *importer) rows() []importRow {
	rows := []importRow{}
	for _, h := range im.hauls {
		for _, c := range h.copies {
			if !im.left[c] && c.row.Result != "" {
				rows = append(rows, c.row)
			}
		}
	}
	return append(rows, im.more...)
}

// byProvider finds out whose accounts the copies are.
func (im *importer) byProvider() (ids []string, by map[string][]*copied) {
	by, im.left = map[string][]*copied{}, map[*copied]bool{}
	only := im.f.opts.Provider
	for _, h := range im.hauls {
		for _, c := range h.copies {
			if c.login == nil {
				im.left[c] = only != "" && c.row.Provider != "" && c.row.Provider != only
				continue
			}
			id, why := im.f.providerOfCopy(c.login)
			c.row.Provider = id
			switch {
			case only != "" && id != only && id != "":
				im.left[c] = true
			case why != "":
				c.row.Result, c.row.Why = resultSkipped, why
			default:
				if by[id] == nil {
					ids = append(ids, id)
				}
				by[id] = append(by[id], c)
			}
		}
	}
	return ids, by
}

// providerOfCopy is kyoli's name of the provider, and why there is none.
func (f *Factory) providerOfCopy(l *login) (id, why string) {
	name := l.Provider
	if name == "" {
		name = firstText(f.opts.Provider, migrate.GuessProvider(store.Secret(l.Refresh), store.Secret(l.Access)))
	}
	if name == "" {
		return "", "nothing says of which provider it is; name it: --provider"
	}
	r, err := f.Registry()
	if err != nil {
		return name, err.Error()
	}
	for _, a := range r.All() {
		if a.ID == name || a.AuthJSONKey == name {
			return a.ID, ""
		}
	}
	return name, "no adapter for this provider"
}

// takeAccounts takes the accounts of one provider over, in one step.
func (im *importer) takeAccounts(ctx context.Context, id string, copies []*copied) error {
	m, err := im.f.Manager(ctx, id)
	if err != nil {
		return err
	}
	adapter, err := im.f.Adapter(id)
	if err != nil {
		return err
	}
	in := make([]manager.Incoming, len(copies))
	for i, c := range copies {
		in[i].Account = c.login.account(adapter)
	}
	done, err := m.Import(ctx, manager.ImportOptions{DryRun: im.o.DryRun, Active: im.active(id)}, in...)
	if err != nil {
		return err
	}
	for i, d := range done {
		c := copies[i]
		c.row.Result, c.row.Why = importResults[d.Result], d.Why
		if d.Account == nil {
			continue
		}
		im.known = true
		if c.row.UUID = d.Account.UUID; im.o.DryRun && d.Result == manager.Added && c.login.UUID == "" {
			c.row.UUID = "" // it will be another one
		}
		if was := c.login.UUID; was != "" {
			im.now[was] = d.Account.UUID
		}
		c.row.Name = firstText(d.Account.Label, d.Account.Email, c.row.UUID, c.row.Name)
	}
	im.news = im.news || id == migrate.CodexProvider && im.codexNews()
	return nil
}

// active is the active account in a source.
func (im *importer) active(id string) string {
	for _, h := range im.hauls {
		for _, name := range []string{id, ""} {
			if uuid := h.active[name]; uuid != "" {
				return uuid
			}
		}
	}
	return ""
}

func (im *importer) codexNews() bool {
	for _, h := range im.hauls {
		for _, c := range h.copies {
			if h.from == fromCodex && (c.row.Result == resultCreated || c.row.Result == resultUpdated) {
				return true
			}
		}
	}
	return false
}

// say tells what the rows do not.
func (im *importer) say() {
	if im.o.DryRun {
		im.f.Note("nothing was changed (--dry-run)")
	}
	if im.news && !im.o.DryRun {
		im.f.Note(`Codex CLI and kyoli have the same refresh token now. It works once: whoever renews
it first leaves the other without a login. Give Codex CLI a login of its own:
  codex login
Where Codex CLI has renewed it meanwhile, take that over: kyoli import --from codex`)
	}
}

// verdict is an error where a source should have accounts and none is here.
func (im *importer) verdict() error {
	sources := slices.ContainsFunc(im.hauls, func(h *haul) bool { return h.accounts })
	switch {
	case im.known || !sources:
		return nil
	case im.f.opts.Provider != "":
		return failf(exitLogin, "", "no account of %s was imported", im.f.opts.Provider)
	}
	return failf(exitLogin, "", "no account was imported")
}
