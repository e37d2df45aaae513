package store

import (
	"context"
	"errors"
)

var (
	// errNoChild says that an answer brought no token.
	errNoChild = errors.New("the answer brought no token")
	// errParentGone says that no account has the token that was spent, or one that came before it.
	errParentGone = errors.New("no account has the token that was renewed")
)

// settlement brings what came of one token into the account file, and closes its entry.
type settlement struct {
	f       *File
	j       journal
	name    entryName
	lineage *lineage
	uuid    string // the account that the request was made for, where that is known

	accounts *Accounts // as they are then
	settled  string    // the uuid of that account, or of another that has the child
	later    bool      // no account has the child, but one has what came of it since
}

// write changes the account file, by the lineage of the token that was spent, and then settles the entry. came
// returns what came of the parent, which is empty where no account has it. apply may change the account further.
// Where the account file has the child, a failure to settle is only noted: the next replay does so.
func (s *settlement) write(ctx context.Context, came func(parent Secret) (Credential, bool), apply func(*Account)) error {
	var child Credential
	accounts, err := s.f.update(ctx, func(a *Accounts) error {
		var ok bool
		if child, ok = came(s.parentIn(a)); !ok {
			return errNoChild
		}
		have, later := s.lineage.bring(a, s.name.parent, child)
		s.later = len(have) == 0
		switch {
		case len(have) > 0:
			x := s.choose(have)
			if apply != nil {
				apply(x)
			}
			s.settled = x.UUID
		case len(later) > 0:
			s.settled = s.choose(later).UUID
		default:
			return errParentGone
		}
		return nil
	})
	if accounts == nil {
		return err
	}
	s.accounts = accounts
	if err != nil { // written, but old tokens could not be taken out of the copies
		s.f.noteJournal(s.j.dir, err)
	}
	if !s.later && !accounts.hold(child.RefreshToken) {
		return errParentGone // another program's newer credential won
	}
	closed := childOf(child)
	if s.later {
		closed = childRecord{Child: closed.Child}
	}
	if err := s.close(closed); err != nil {
		s.f.noteJournal(s.j.path(s.name), err)
	}
	return nil
}

// choose returns the account that the request was made for: of several with one token, the one of that uuid.
func (s *settlement) choose(from []*Account) *Account {
	for _, x := range from {
		if x.UUID == s.uuid {
			return x
		}
	}
	return from[0]
}

// parentIn returns the token that was spent, where an account still has it.
func (s *settlement) parentIn(a *Accounts) Secret {
	for _, x := range a.List {
		if x.RefreshToken.Hash() == s.name.parent {
			return x.RefreshToken
		}
	}
	return ""
}

// close marks the entry settled. A token that was not replaced is not spent, and leaves nothing to be remembered. What
// is left of earlier requests with the token, which got no answer, goes.
func (s *settlement) close(child childRecord) error {
	for _, n := range s.lineage.open[s.name.parent] {
		if n == s.name || n.owner != s.name.owner {
			continue
		}
		if c, err := s.j.read(n); err == nil && c != nil && !c.answered() && !c.damaged && !c.later {
			_ = s.j.remove(n) // tried again when it is old
		}
	}
	switch {
	case child.Child == s.name.parent:
		return s.j.remove(s.name)
	case child.RefreshToken == "":
		return s.j.rewrite(s.name, stateSpent, child)
	}
	return s.j.settle(s.name, child)
}

// hold says whether an account has this refresh token.
func (a *Accounts) hold(refresh Secret) bool {
	for _, x := range a.List {
		if x.RefreshToken == refresh {
			return true
		}
	}
	return false
}
