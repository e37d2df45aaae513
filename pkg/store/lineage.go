package store

import "fmt"

// lineage knows which token came of which, as far as the journal tells. Tokens are named by their Secret.Hash.
type lineage struct {
	j       journal
	settled map[string]entryName // the newest by parent
	open    map[string][]entryName
	read    map[string]*childRecord
	locked  error // why what came of a token is there and cannot be opened; nil where that has not been met
}

func newLineage(j journal, names []entryName) *lineage {
	l := &lineage{j: j, settled: make(map[string]entryName), open: make(map[string][]entryName), read: make(map[string]*childRecord)}
	for _, n := range names { // the oldest first
		if n.state != stateOpen {
			l.settled[n.parent] = n
		} else {
			l.open[n.parent] = append(l.open[n.parent], n)
		}
	}
	return l
}

// spent says whether a token is known to have been spent.
func (l *lineage) spent(token string) bool {
	_, ok := l.settled[token]
	return ok
}

// next returns what came of a token: nil where it was not spent, and without Child where it was but nobody knows
// for what.
func (l *lineage) next(token string) *childRecord {
	n, ok := l.settled[token]
	if !ok {
		return nil
	}
	if c, ok := l.read[token]; ok {
		return c
	}
	c := &childRecord{}
	if content, err := l.j.read(n); err == nil && content != nil {
		*c, _ = content.outcome("")
		if content.locked != nil {
			l.locked, c.RefreshToken, c.AccessToken = content.locked, "", ""
		}
	}
	l.read[token] = c
	return c
}

// newest follows a token to what came of it in the end. It returns nil where the token was not spent, and a record
// without RefreshToken where what came of it is not there any more.
func (l *lineage) newest(token string) *childRecord {
	var last *childRecord
	seen := map[string]bool{}
	for !seen[token] {
		seen[token] = true
		c := l.next(token)
		if c == nil {
			return last
		}
		if last = c; c.Child == "" {
			return last
		}
		token = c.Child
	}
	return last // in a circle: whoever hands out a token again means it to be used again
}

// leads says whether one token came of another, over any number of steps, or is the same.
func (l *lineage) leads(from, to string) bool {
	seen := map[string]bool{}
	for from != "" && !seen[from] {
		if from == to {
			return true
		}
		seen[from] = true
		c := l.next(from)
		if c == nil {
			return false
		}
		from = c.Child
	}
	return false
}

// bring gives the accounts whose token is parent, or came before it, the child, where that is news to them. It returns
// the accounts that have the child then, and those that have what came of it since.
func (l *lineage) bring(a *Accounts, parent string, child Credential) (have, later []*Account) {
	hash := child.RefreshToken.Hash()
	for _, x := range a.List {
		own := x.RefreshToken.Hash()
		switch {
		case own == hash:
			if child.ExpiresAt > x.ExpiresAt {
				x.SetCredential(child)
			}
			have = append(have, x)
		case l.leads(own, parent):
			x.SetCredential(child)
			have = append(have, x)
		case l.leads(hash, own):
			later = append(later, x)
		}
	}
	return have, later
}

// usedUp says why a token must not be sent: it was spent for something that nobody has, or may have been. Empty means
// that it may.
func (l *lineage) usedUp(token string) string {
	if c := l.newest(token); c != nil && c.Child != token {
		return "it was renewed before, and what came of it is gone"
	}
	if tries := len(l.open[token]); tries >= maxRequests {
		return fmt.Sprintf("%d requests with it brought no answer", tries)
	}
	return ""
}
