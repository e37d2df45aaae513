package migrate

import (
	"slices"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

// lineageLimit is how many replaced tokens are remembered for an entry.
const lineageLimit = 100

// ancestry are hashes of the tokens that an entry had before, oldest first.
type ancestry struct {
	Refresh []string `json:"refresh,omitempty"`
	Access  []string `json:"access,omitempty"`
}

// lineage knows, for each entry of auth.json, the tokens that were replaced.
// A program that stores an old one again had read the file before.
type lineage map[string]*ancestry

// spent tells whether e is a credential that was replaced or logged out of. A
// token that does not rotate may well come back.
func (l lineage) spent(e Entry) bool {
	a := l[e.Key]
	if a == nil || e.Type != OAuth || e.Key == copilot {
		return false
	}
	if e.Refresh != "" && slices.Contains(a.Refresh, e.Refresh.Hash()) {
		return true
	}
	return e.Access != "" && slices.Contains(a.Access, e.Access.Hash())
}

// retire remembers the tokens of an entry that is replaced.
func (l lineage) retire(e Entry) {
	if e.Type != OAuth {
		return
	}
	a := l[e.Key]
	if a == nil {
		a = &ancestry{}
		l[e.Key] = a
	}
	a.Refresh = remember(a.Refresh, e.Refresh)
	a.Access = remember(a.Access, e.Access)
}

// revive forgets that the tokens of an entry were ever replaced.
func (l lineage) revive(e Entry) {
	if a := l[e.Key]; a != nil {
		a.Refresh = forget(a.Refresh, e.Refresh)
		a.Access = forget(a.Access, e.Access)
	}
}

func remember(list []string, s store.Secret) []string {
	if s == "" {
		return list
	}
	list = append(forget(list, s), s.Hash())
	return list[max(0, len(list)-lineageLimit):]
}

func forget(list []string, s store.Secret) []string {
	hash := s.Hash()
	return slices.DeleteFunc(list, func(h string) bool { return h == hash })
}
