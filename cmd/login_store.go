package cmd

import (
	"context"

	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/provider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// store writes the account.
func (l *loginFlow) store(ctx context.Context, token *provider.Token) (who string, err error) {
	in := manager.Incoming{Account: l.incoming(ctx, token), Label: l.o.Label, Fresh: true, New: l.o.New}
	if l.account != nil {
		in.Of = l.account.UUID
	}
	added, err := l.m.Add(ctx, in)
	if err != nil {
		return "", err
	}
	s, err := l.m.Snapshot(ctx)
	if err != nil {
		return "", err
	}
	a := added[0]
	l.row = addRow{Result: a.Result, Account: l.f.accountRow(l.adapter.ID, s, a.Account), Why: a.Why}
	return firstText(a.Account.Email, a.Account.Name()), nil
}

// incoming is who logged in, as far as the tokens and the profile say.
func (l *loginFlow) incoming(ctx context.Context, token *provider.Token) *store.Account {
	a := &store.Account{
		UUID: token.UUID, AccountID: token.AccountID, Email: token.Email, PlanTier: token.Plan, Enabled: true,
	}
	if l.adapter.ProfileURL != "" && (a.Email == "" || a.PlanTier == "") {
		profile, err := l.client.Profile(ctx, l.adapter, token.AccessToken, token.AccountID)
		if err != nil {
			l.f.Note("warning: who logged in is not known for certain: %v", err)
		} else {
			a.Email, a.PlanTier = firstText(a.Email, profile.Email), firstText(a.PlanTier, profile.Plan)
		}
	}
	a.SetCredential(store.Credential{
		RefreshToken: store.Secret(token.RefreshToken), AccessToken: store.Secret(token.AccessToken),
		ExpiresAt: store.MillisOf(token.ExpiresAt),
	})
	return a
}
