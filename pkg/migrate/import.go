package migrate

import (
	"context"
	"slices"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

// ImportOptions say what [Import] takes over.
type ImportOptions struct {
	// Logins are the providers that kyoli knows.
	Logins []Login
	// Only names the one provider to take over; empty is all.
	Only string
	// Merge adds to a store that has accounts already.
	Merge bool
	// DryRun changes nothing.
	DryRun bool
	// Unasked leaves out logins that kyoli had before: nobody asked for an
	// account to come back that was removed.
	Unasked bool
}

// The results in a [Row].
const (
	ImportCreated   = "created"
	ImportUpdated   = "updated"
	ImportUnchanged = "unchanged"
	ImportSkipped   = "skipped"
)

// Row is what [Import] did with one entry of auth.json, or with DryRun would do.
type Row struct {
	// Key is the entry, Type its type.
	Key  string
	Type EntryType
	// Provider is kyoli's name for it, empty where it has none.
	Provider string
	// Account is the account's name and UUID its uuid, empty for one that was
	// skipped or is not there yet.
	Account, UUID string
	// Result is one of the Import constants.
	Result string
	// Why says why an entry was skipped or left unchanged.
	Why string
}

// Import takes the OAuth logins of auth.json over into kyoli's store. It never
// writes auth.json, and doing it twice changes nothing. The rows are in the
// file's order. Entries that would have gone into a store that has accounts
// already are skipped unless Merge is set, and then the error is a
// *[NotEmptyError], with all rows.
func Import(ctx context.Context, p Place, o ImportOptions) ([]Row, error) {
	s, f, err := p.peek(ctx)
	if err != nil {
		return nil, err
	}
	var rows []Row
	var refused error
	taken := map[string]mark{}
	for _, e := range f.Entries() {
		l, known := o.login(e.Key)
		if o.Only != "" && l.Provider != o.Only {
			continue
		}
		row := Row{Key: e.Key, Type: e.Type, Provider: l.Provider, Result: ImportSkipped, Why: skip(e, known)}
		if row.Why == "" && o.Unasked && s.ledger.had(e) {
			row.Why = "kyoli had it before, and it was removed"
		}
		if row.Why == "" {
			i := importer{ImportOptions: o, login: l, entry: e, book: s.ledger, place: p, row: &row}
			m, err := i.run(ctx)
			if err != nil {
				return rows, err
			}
			if m.Account != "" {
				taken[e.Key] = m
			}
			if i.refused != nil && refused == nil {
				refused = i.refused
			}
		}
		rows = append(rows, row)
	}
	if err := p.remember(ctx, s.ledger, taken, o.DryRun); err != nil {
		return rows, err
	}
	return rows, refused
}

func (o ImportOptions) login(key string) (Login, bool) {
	i := slices.IndexFunc(o.Logins, func(l Login) bool { return l.Key == key })
	if i < 0 {
		return Login{}, false
	}
	return o.Logins[i], true
}

// skip is why an entry cannot be taken over; empty where it can.
func skip(e Entry, known bool) string {
	switch {
	case e.Type == API:
		return "an API key, not an OAuth login"
	case e.Type == WellKnown:
		return "a login by a well-known address, not an OAuth login"
	case e.Type != OAuth:
		return "not a login that OpenCode accepts"
	case !known:
		return "no adapter for this provider"
	case e.Refresh == "":
		return "it has no refresh token"
	}
	return ""
}

// remember notes which accounts the entries belong to, as the base of the next
// sync.
func (p Place) remember(ctx context.Context, book *ledger, taken map[string]mark, dry bool) error {
	news := map[string]mark{}
	for key, m := range taken {
		if base, ok := book.base(Entry{Key: key}); !ok || base.Account != m.Account || base.Refresh != m.Refresh {
			news[key] = m
		}
	}
	if dry || len(news) == 0 {
		return nil
	}
	return p.under(ctx, func(s *session) error {
		for key, m := range news {
			s.ledger.settle(key, m)
		}
		return s.saveLedger()
	})
}

// importer takes one entry over.
type importer struct {
	ImportOptions
	login   Login
	entry   Entry
	book    *ledger
	place   Place
	row     *Row
	refused error
	parent  string // hash of the refresh token that was replaced
}

func (i *importer) run(ctx context.Context) (mark, error) {
	accounts, err := i.login.Backend.Load(ctx)
	if err != nil {
		return mark{}, err
	}
	a := i.decide(accounts)
	if !i.DryRun && (i.row.Result == ImportCreated || i.row.Result == ImportUpdated) {
		if _, err = i.login.Backend.Update(ctx, func(accounts *store.Accounts) error {
			a = i.decide(accounts)
			return nil
		}); err != nil {
			return mark{}, err
		}
		if i.row.Result == ImportCreated || i.row.Result == ImportUpdated {
			i.login.taken(a, i.parent)
		}
	}
	if a == nil || i.refused != nil {
		return mark{}, nil
	}
	if i.row.UUID = a.UUID; i.DryRun && i.row.Result == ImportCreated {
		i.row.UUID = "" // it will be another one
	}
	if i.row.Account = a.Name(); i.row.UUID == "" && a.Label == "" {
		i.row.Account = a.Email
	}
	return i.place.markOf(a, a.Credential(), false), nil
}

// decide takes the entry into accounts, and says in the row what that came to.
func (i *importer) decide(accounts *store.Accounts) *store.Account {
	r, a := i.login.classify(i.entry, i.book, accounts)
	i.refused, i.row.Why, i.parent = nil, "", ""
	switch {
	case r == held:
		i.row.Result = ImportUnchanged
		return a
	case r == outdated && a != nil:
		i.row.Result, i.row.Why = ImportUnchanged, "kyoli has a newer credential of this account"
		return a
	case len(accounts.List) > 0 && !i.Merge:
		i.row.Result, i.row.Why = ImportSkipped, "there are accounts already; --merge adds to them"
		i.refused = &NotEmptyError{Path: i.login.Backend.Path(), Provider: i.login.Provider}
		return nil
	case r == rotated:
		i.row.Result, i.parent = ImportUpdated, a.RefreshToken.Hash()
		i.login.take(i.entry, a)
		return a
	}
	i.row.Result = ImportCreated
	a = i.fresh()
	accounts.Add(a)
	return a
}

// fresh is the entry as a new account.
func (i *importer) fresh() *store.Account {
	id := i.login.identity(i.entry)
	now := store.MillisOf(i.place.now())
	a := &store.Account{Enabled: true, AddedAt: now, LastUsed: now, PlanTier: id.Plan}
	i.login.take(i.entry, a)
	return a
}
