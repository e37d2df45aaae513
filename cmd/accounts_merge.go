package cmd

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/kyoli-gam/kyoli/internal/termtext"
	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/provider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// The results of adding a login.
const (
	addAdded     = "added"
	addUpdated   = "updated"
	addUnchanged = "unchanged"
)

// added is what became of one login.
type added struct {
	uuid   string
	result string
	why    string
}

// addTo adds the logins of one provider in one step, and says what became of each.
func (f *Factory) addTo(ctx context.Context, id string, logins []*login) error {
	backend, err := f.Store(id)
	if err != nil {
		return err
	}
	m := &merger{f: f, provider: id, newer: newerLogin(ctx, backend)}
	// Nothing is written where nothing changes, so the file is not even locked then.
	if _, err := backend.Update(ctx, func(accounts *store.Accounts) error {
		m.results = nil
		for _, l := range logins {
			if l.Provider != id {
				continue
			}
			if err := m.add(accounts, l); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	return f.printAdded(ctx, id, m.results)
}

// newerLogin follows a refresh token to the one that came of it, as far as the
// journal of the accounts knows.
func newerLogin(ctx context.Context, backend store.Backend) func(store.Secret) store.Secret {
	j, ok := backend.(interface {
		Newest(ctx context.Context, token store.Secret) store.Secret
	})
	if !ok {
		return func(s store.Secret) store.Secret { return s }
	}
	return func(s store.Secret) store.Secret { return j.Newest(ctx, s) }
}

func (f *Factory) printAdded(ctx context.Context, id string, results []added) error {
	m, err := f.Manager(ctx, id)
	if err != nil {
		return err
	}
	s, err := m.Snapshot(ctx)
	if err != nil {
		return err
	}
	for _, r := range results {
		a := s.Accounts.Get(r.uuid)
		if a == nil {
			continue // removed by another process meanwhile
		}
		if f.format() == formatJSON {
			if err := f.PrintJSONLine(addRow{Result: r.result, Account: f.accountRow(id, s, a), Why: r.why}); err != nil {
				return err
			}
			continue
		}
		text := r.result + ": " + termtext.Clean(a.Name()) + " (" + id + ")"
		if r.why != "" {
			text += ": " + r.why
		}
		f.Note("%s", text)
	}
	return nil
}

// merger adds logins to the accounts of one provider.
type merger struct {
	f        *Factory
	provider string
	newer    func(store.Secret) store.Secret
	results  []added
}

func (m *merger) add(accounts *store.Accounts, l *login) error {
	in, err := m.account(l)
	if err != nil {
		return err
	}
	a, result, why := m.place(accounts, in)
	if a == nil {
		a, result = in, addAdded
		if in.Label != "" {
			if err := labelIsFree(accounts, in.Label); err != nil {
				return err
			}
		}
		accounts.Add(in)
	}
	m.results = append(m.results, added{uuid: a.UUID, result: result, why: why})
	return nil
}

// place finds the account that a login is of, nil = it is new, and updates it.
func (m *merger) place(accounts *store.Accounts, in *store.Account) (a *store.Account, result, why string) {
	if a = byRefresh(accounts, in.RefreshToken); a != nil {
		return a, refill(a, in), ""
	}
	if token := m.newer(in.RefreshToken); token != in.RefreshToken {
		if a = byRefresh(accounts, token); a != nil {
			return a, addUnchanged, "kyoli has renewed this login since"
		}
	}
	if a = byUUID(accounts, in); a == nil {
		a = byIdentity(accounts, in)
	}
	switch {
	case a == nil:
		return nil, "", ""
	case !a.IsAuthDisabled && in.ExpiresAt != 0 && a.ExpiresAt > in.ExpiresAt:
		return a, addUnchanged, "kyoli has a newer login of this account"
	}
	relogin(a, in)
	return a, addUpdated, ""
}

// refill takes over what the same login says more.
func refill(a, in *store.Account) string {
	before := *a
	if in.AccessToken != "" && in.ExpiresAt > a.ExpiresAt {
		a.AccessToken, a.ExpiresAt = in.AccessToken, in.ExpiresAt
	}
	fill(a, in)
	if a.PlanTier == "" {
		a.PlanTier = in.PlanTier
	}
	if a.Credential() == before.Credential() && a.Label == before.Label && a.Email == before.Email &&
		a.AccountID == before.AccountID && a.PlanTier == before.PlanTier {
		return addUnchanged
	}
	return addUpdated
}

// relogin gives an account a new login. What the user has set stays.
func relogin(a, in *store.Account) {
	a.SetCredential(in.Credential())
	fill(a, in)
	if in.PlanTier != "" {
		a.PlanTier = in.PlanTier
	}
	a.ConsecutiveAuthFailures, a.IsAuthDisabled, a.AuthDisabledReason = 0, false, ""
}

func fill(a, in *store.Account) {
	for _, v := range []struct{ to, from *string }{
		{&a.Label, &in.Label},
		{&a.Email, &in.Email},
		{&a.AccountID, &in.AccountID},
		{&a.AccountUUID, &in.AccountUUID},
		{&a.DeviceID, &in.DeviceID},
	} {
		if *v.to == "" {
			*v.to = *v.from
		}
	}
}

func byRefresh(accounts *store.Accounts, token store.Secret) *store.Account {
	return first(accounts, func(a *store.Account) bool { return a.RefreshToken == token })
}

func byUUID(accounts *store.Accounts, in *store.Account) *store.Account {
	return first(accounts, func(a *store.Account) bool {
		return in.UUID != "" && (a.UUID == in.UUID || a.CredentialOwnerID == in.UUID)
	})
}

// byIdentity finds the one account of the same person. One e-mail can have
// several workspaces, and the members of a workspace share its account id, so
// neither must contradict, and several that fit are none.
func byIdentity(accounts *store.Accounts, in *store.Account) *store.Account {
	var found []*store.Account
	for _, a := range accounts.List {
		email, id := agree(strings.ToLower(a.Email), strings.ToLower(in.Email)), agree(a.AccountID, in.AccountID)
		if email >= 0 && id >= 0 && email+id > 0 && (email > 0 || in.Email == "" || a.Email == "") {
			found = append(found, a)
		}
	}
	if len(found) != 1 {
		return nil
	}
	return found[0]
}

// agree compares two values: 1 = the same, -1 = different, 0 = one is not known.
func agree(a, b string) int {
	switch {
	case a == "" || b == "":
		return 0
	case a == b:
		return 1
	}
	return -1
}

func first(accounts *store.Accounts, match func(*store.Account) bool) *store.Account {
	i := slices.IndexFunc(accounts.List, match)
	if i < 0 {
		return nil
	}
	return accounts.List[i]
}

func labelIsFree(accounts *store.Accounts, label string) error {
	other, err := accounts.Find(label)
	var unknown *store.UnknownAccountError
	switch {
	case errors.As(err, &unknown):
		return nil
	case err != nil:
		return &manager.LabelTakenError{Label: label, Account: "several"}
	}
	return &manager.LabelTakenError{Label: label, Account: other.Name()}
}

// account is a login as a new account: what it says itself, and what its tokens
// say of their owner.
func (m *merger) account(l *login) (*store.Account, error) {
	a := &store.Account{Enabled: true}
	if l.Raw != nil {
		var err error
		if a, err = store.ParseAccount(l.Raw); err != nil {
			return nil, &inputError{Source: l.where(), Line: l.line, Reason: err.Error()}
		}
		a.DropUnknown(secretNames()...)
	}
	if a.UUID = l.UUID; a.UUID == "" {
		a.UUID = uuid.NewString()
	}
	a.CredentialOwnerID, a.AccountUUID, a.DeviceID = l.CredentialOwnerID, l.AccountUUID, l.DeviceID
	a.AccountID, a.Label, a.Email, a.PlanTier = l.AccountID, l.Label, l.Email, l.Plan
	a.RefreshToken, a.AccessToken = store.Secret(l.Refresh), store.Secret(l.Access)
	a.ExpiresAt = store.Millis(l.ExpiresAt)
	for _, token := range []string{l.IDToken, l.Access} {
		id, _ := provider.Claims(token)
		a.AccountID, a.Email, a.PlanTier = or(a.AccountID, id.AccountID), or(a.Email, id.Email), or(a.PlanTier, id.Plan)
	}
	now := store.MillisOf(m.f.now())
	if a.AddedAt == 0 {
		a.AddedAt = now
	}
	if a.LastUsed == 0 {
		a.LastUsed = now
	}
	return a, nil
}

// secretNames are the spellings of tokens that the account file does not have:
// as unknown members they would keep a token in the file for good.
func secretNames() []string {
	names := []string{"provider", "expires_in", "expiresIn"}
	for _, list := range [][]string{namesRefresh, namesAccess, namesIDToken, namesExpiry, namesPlan, namesAccountID} {
		names = append(names, list...)
	}
	return names
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
