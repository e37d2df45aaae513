package manager

import (
	"context"
	"errors"
	"fmt"

	"github.com/kyoli-gam/kyoli/pkg/provider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// rotate spends the account's refresh token and stores what came of it. The caller holds the lease.
func (m *Manager) rotate(ctx context.Context, lease store.Lease, a *store.Account) (*store.Account, error) {
	rotation, err := lease.Begin(ctx)
	var spent *store.SpentError
	if errors.As(err, &spent) {
		return m.dead(ctx, lease, a, spent.Error())
	}
	if err != nil {
		return nil, err
	}
	raw, err := m.send(ctx, rotation, a)
	if err != nil {
		return nil, err
	}
	// From here on nothing is given up because somebody pressed Ctrl-C: the old token is spent.
	ctx = context.WithoutCancel(ctx)
	jerr := rotation.Answered(raw.Status, raw.Body)
	token, err := m.client.Parse(m.adapter, raw)
	if err != nil {
		return m.refused(ctx, lease, rotation, a, err)
	}
	child, err := m.settle(ctx, rotation, a, token)
	if err != nil {
		return nil, errors.Join(err, jerr)
	}
	if jerr != nil {
		m.tell(EventWarning, child, "the answer could not be written to the journal: "+jerr.Error())
	}
	return child, nil
}

// send asks the provider, once the lease is certainly still ours. Where the token may have left,
// its intent stays in the journal; until then ctx can end the attempt, and nobody is blamed for it.
func (m *Manager) send(ctx context.Context, rotation store.Rotation, a *store.Account) (*provider.RawAnswer, error) {
	if err := ctx.Err(); err != nil {
		return nil, errors.Join(err, rotation.NotSent())
	}
	var notReady error
	raw, err := m.client.Exchange(ctx, m.adapter, a.RefreshToken.Reveal(), func() error {
		notReady = rotation.Ready()
		return notReady
	})
	if err == nil {
		return raw, nil
	}
	var send *provider.SendError
	left := !errors.As(err, &send) || send.Sent
	if !left {
		if nerr := rotation.NotSent(); nerr != nil {
			m.tell(EventWarning, a, "the intent of a request that was not sent could not be taken back: "+nerr.Error())
		}
	}
	var faulty *provider.TokenError // an adapter that no request can be made of
	switch {
	case !left && notReady != nil:
		return nil, notReady
	case !left && ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.As(err, &faulty):
		return nil, m.failed(a, false, err)
	}
	m.countFailure(context.WithoutCancel(ctx), a, "the provider did not answer", left)
	return nil, m.failed(a, true, err)
}

// settle writes the new credential to the store, by the lineage of the token that it replaces.
func (m *Manager) settle(ctx context.Context, rotation store.Rotation, a *store.Account, token *provider.Token) (*store.Account, error) {
	parent := a.Credential()
	child := store.Credential{
		RefreshToken: parent.RefreshToken, AccessToken: store.Secret(token.AccessToken),
		ExpiresAt: store.MillisOf(token.ExpiresAt),
	}
	if token.RefreshToken != "" {
		child.RefreshToken = store.Secret(token.RefreshToken)
	}
	uuid := m.newUUID(ctx, a, token)
	settled, err := rotation.Settle(ctx, child, func(b *store.Account) { identify(b, token, uuid) })
	if err != nil {
		return nil, fmt.Errorf("the new token of account %s: %w", a.Name(), err)
	}
	m.rested(settled)
	m.onEvent(Event{
		Kind: EventRefreshed, At: m.now(), UUID: settled.UUID, Account: settled.Name(),
		Parent: parent.RefreshToken.Hash(), Child: child.RefreshToken.Hash(),
	})
	if settled.UUID != a.UUID {
		m.follow(ctx, a.UUID, settled)
	}
	if m.afterRotate != nil {
		m.afterRotate(ctx, parent, child, settled)
	}
	return settled, nil
}

// identify takes over what the answer says of the account. A refresh that worked clears failures;
// what the user may have set is only filled in.
func identify(a *store.Account, token *provider.Token, uuid string) {
	a.ConsecutiveAuthFailures = 0
	a.IsAuthDisabled, a.AuthDisabledReason = false, ""
	if a.Email == "" {
		a.Email = token.Email
	}
	if a.AccountID == "" {
		a.AccountID = token.AccountID
	}
	if token.Plan != "" {
		a.PlanTier = token.Plan
	}
	if uuid == "" {
		return
	}
	if a.CredentialOwnerID == "" {
		a.CredentialOwnerID = a.UUID
	}
	a.UUID = uuid
}

// newUUID is the uuid that the answer gives the account; empty = it keeps its own. One that another
// account has is not taken.
func (m *Manager) newUUID(ctx context.Context, a *store.Account, token *provider.Token) string {
	if token.UUID == a.UUID {
		return ""
	}
	accounts, err := m.store.Peek(ctx)
	if err != nil || accounts.Get(token.UUID) != nil {
		return "" // the uuid can follow with the next refresh; the token cannot wait
	}
	return token.UUID
}

// follow lets the active account and the claims follow an account to its new uuid.
func (m *Manager) follow(ctx context.Context, old string, a *store.Account) {
	_, err := m.store.Update(ctx, func(accounts *store.Accounts) error {
		if accounts.Active == old && accounts.Get(old) == nil {
			accounts.Active = a.UUID
		}
		return nil
	})
	if m.claims != nil {
		err = errors.Join(err, m.claims.Rename(ctx, old, a.UUID))
	}
	if err != nil {
		m.tell(EventWarning, a, "not everything has followed the account's new uuid: "+err.Error())
	}
	m.tell(EventRenamed, a, "was "+old)
}
