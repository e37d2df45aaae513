package store

import (
	"context"
	"time"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
)

const (
	// keepSettled is how long it is remembered what became of a spent token, at least.
	keepSettled = 24 * time.Hour
	// keepSpare is how long an answer is kept that no account was found for, while there is an account of its owner.
	keepSpare = 30 * 24 * time.Hour
)

// prune removes what nobody will need any more.
func (r *replayer) prune(ctx context.Context, accounts *Accounts) {
	if r.names[0].age(r.now) <= keepSettled {
		return
	}
	_ = atomicfile.SweepDir(r.j.dir) // what cannot be swept now is swept by the next one
	good := r.f.lastGood(r.path)
	for _, n := range r.names {
		if n.age(r.now) <= keepSettled {
			continue
		}
		switch n.state {
		case stateSpent:
			_ = r.j.remove(n) // tried again next time, as below
		case stateSettled:
			r.pruneSettled(n, good)
		default:
			r.pruneOpen(ctx, n, accounts)
		}
	}
}

// pruneSettled removes an entry whose child is in last-good too, or is not known any more.
func (r *replayer) pruneSettled(n entryName, good *document) {
	content, err := r.j.readSealed(n)
	if err != nil || content == nil || content.later {
		return
	}
	c, ok := content.outcome("")
	if !ok && content.damaged {
		_ = r.setAside(n, "it is damaged")
		return
	}
	if c.RefreshToken == "" || good != nil && good.holds(Secret(c.RefreshToken)) {
		_ = r.j.remove(n)
	}
}

// pruneOpen removes an entry whose token no account has: at once where there is no account of its owner either, and
// else when it is too old to be a spare. Without any account it waits: perhaps the account file is somewhere else.
func (r *replayer) pruneOpen(ctx context.Context, n entryName, accounts *Accounts) {
	if len(accounts.List) == 0 {
		return
	}
	for _, x := range accounts.List {
		if r.lineage.leads(x.RefreshToken.Hash(), n.parent) {
			return
		}
		if ownerHash(x.OwnerID()) == n.owner && n.age(r.now) <= keepSpare {
			return
		}
	}
	l, err := r.f.tryLease(ctx, r.path, n.owner)
	if err != nil || l == nil {
		return
	}
	defer func() { _ = l.Release() }()
	content, err := r.j.read(n)
	switch {
	case err != nil || content == nil || content.later:
	case content.damaged:
		_ = r.setAside(n, "it is damaged")
	default:
		_ = r.j.remove(n)
	}
}
