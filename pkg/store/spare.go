package store

import (
	"context"
	"errors"
	"slices"
)

// Spare puts an answer that no account was found for when it came into the place of the account's token, which has
// died. It returns false where there is none. Each is tried once, the newest first.
func (l *lease) Spare(ctx context.Context) (bool, error) {
	j := l.f.journal(l.path)
	names, err := j.list()
	if err != nil {
		return false, err
	}
	for _, n := range slices.Backward(names) {
		if n.state != stateOpen || n.owner != l.owner || n.parent == l.account.RefreshToken.Hash() {
			continue
		}
		content, err := j.read(n)
		if err != nil || content == nil || content.locked != nil {
			continue
		}
		child, ok := content.outcome("")
		if !ok || child.RefreshToken == "" {
			continue
		}
		return l.useSpare(ctx, j, n, child)
	}
	return false, nil
}

var errTokenChanged = errors.New("the account's token has changed")

func (l *lease) useSpare(ctx context.Context, j journal, n entryName, child childRecord) (bool, error) {
	_, err := l.f.update(ctx, func(a *Accounts) error {
		x := a.Get(l.account.UUID)
		if x == nil || x.RefreshToken != l.account.RefreshToken {
			return errTokenChanged
		}
		x.SetCredential(child.credential())
		return nil
	})
	if errors.Is(err, errTokenChanged) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := j.settle(n, child); err != nil {
		l.f.noteJournal(j.path(n), err)
	}
	return true, nil
}
