package manager

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

// roster narrows the accounts down to the few that a login may be of, or a name may name, so that adding many does not
// search all for each. It decides nothing: whatever rules there are, they look at these few, in the order of all, as they
// would at all. It is of one view of the accounts, and is told of what changes in it.
type roster struct {
	accounts *store.Accounts
	places   map[*store.Account]int
	last     map[rosterKey]int // link of the last account that has, or had, the key
	links    []rosterLink
	odd      []int // places of accounts whose uuid starts with other than ASCII
}

// rosterKey is something by which accounts are looked for.
type rosterKey struct {
	kind byte
	text string
}

// The kinds of keys.
const (
	rosterToken  = iota // Hash of the refresh token
	rosterUUID          // the uuid
	rosterOwner         // what the uuid was at first
	rosterLabel         // the label
	rosterEmail         // the e-mail, folded
	rosterID            // the account id
	rosterIDOnly        // the account id where no e-mail is known
	rosterPrefix        // the first characters of the uuid, folded
)

// rosterLink is a place in the list, and the link before it.
type rosterLink struct{ place, before int }

func newRoster(accounts *store.Accounts) *roster {
	n := len(accounts.List)
	r := &roster{accounts: accounts, places: make(map[*store.Account]int, n), last: make(map[rosterKey]int, 7*n), links: make([]rosterLink, 1, 7*n+1)}
	for i, a := range accounts.List {
		r.enter(i, keysOf(a))
	}
	return r
}

func keysOf(a *store.Account) []rosterKey {
	keys := make([]rosterKey, 0, 9)
	keys = append(keys, rosterKey{rosterToken, a.RefreshToken.Hash()})
	for _, k := range []rosterKey{
		{rosterUUID, a.UUID},
		{rosterOwner, a.CredentialOwnerID},
		{rosterOwner, a.OwnerID()},
		{rosterLabel, a.Label},
		{rosterEmail, fold(a.Email)},
		{rosterID, a.AccountID},
		{rosterPrefix, foldedStart(a.UUID)},
	} {
		if k.text != "" && !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	if a.AccountID != "" && a.Email == "" {
		keys = append(keys, rosterKey{rosterIDOnly, a.AccountID})
	}
	return keys
}

func (r *roster) enter(place int, keys []rosterKey) {
	a := r.accounts.List[place]
	r.places[a] = place
	if !isASCII(a.UUID[:min(len(a.UUID), rosterStart)]) {
		r.odd = append(r.odd, place)
	}
	for _, k := range keys {
		r.links = append(r.links, rosterLink{place: place, before: r.last[k]})
		r.last[k] = len(r.links) - 1
	}
}

// having are the accounts that have one of the keys, and perhaps some that had one.
func (r *roster) having(more []int, keys ...rosterKey) *store.Accounts {
	places := slices.Clone(more)
	for _, k := range keys {
		for i := r.last[k]; i > 0; i = r.links[i].before {
			places = append(places, r.links[i].place)
		}
	}
	slices.Sort(places)
	few := &store.Accounts{Active: r.accounts.Active}
	for _, i := range slices.Compact(places) {
		few.List = append(few.List, r.accounts.List[i])
	}
	return few
}

// near are all accounts that a login can be of: findIncoming and findFresh find the same among them as among all.
func (r *roster) near(in Incoming, spent successors) *store.Accounts {
	a, token := in.Account, in.Account.RefreshToken.Hash()
	keys := []rosterKey{
		{rosterToken, token},
		{rosterUUID, a.UUID},
		{rosterOwner, a.UUID},
		{rosterOwner, a.CredentialOwnerID},
		{rosterEmail, fold(a.Email)},
		{rosterEmail, fold(in.Email)},
		{rosterUUID, in.Of},
		{rosterIDOnly, a.AccountID},
	}
	if child := spent[token]; child != "" {
		keys = append(keys, rosterKey{rosterToken, child})
	}
	if a.Email == "" && in.Email == "" {
		keys = append(keys, rosterKey{rosterID, a.AccountID})
	}
	return r.having(nil, keys...)
}

// named are all accounts that a name can name: labelFree says the same of them as of all.
func (r *roster) named(name string) *store.Accounts {
	return r.having(r.odd,
		rosterKey{rosterUUID, name}, rosterKey{rosterLabel, name}, rosterKey{rosterEmail, fold(name)}, rosterKey{rosterPrefix, foldedStart(name)})
}

// Find is the accounts' own Find.
func (r *roster) Find(name string) (*store.Account, error) {
	if a, err := r.named(name).Find(name); err == nil {
		return a, nil
	}
	return r.accounts.Find(name) // whose error names the file
}

// add adds an account.
func (r *roster) add(a *store.Account) {
	if r.having(nil, rosterKey{rosterUUID, a.UUID}).Get(a.UUID) != nil {
		r.accounts.Add(a)
		*r = *newRoster(r.accounts) // it took another's place
		return
	}
	r.accounts.AddNew(a)
	r.enter(len(r.accounts.List)-1, keysOf(a))
}

// change lets an account be changed.
func (r *roster) change(a *store.Account, change func() error) error {
	before := keysOf(a)
	err := change()
	after := slices.DeleteFunc(keysOf(a), func(k rosterKey) bool { return slices.Contains(before, k) })
	r.enter(r.places[a], after)
	return err
}

// rosterStart is how many characters a name has at least that is the start of a uuid.
const rosterStart = 4

// foldedStart is the start of a uuid that a name has to share to be a start of it; empty for what is too short.
// Whatever differs in length when it is folded does not matter where the uuid has nothing but ASCII there.
func foldedStart(s string) string {
	runes := make([]rune, 0, rosterStart)
	for _, c := range s {
		if runes = append(runes, folded(c)); len(runes) == rosterStart {
			return string(runes)
		}
	}
	return ""
}

// fold is the same for texts that are the same to strings.EqualFold.
func fold(s string) string { return strings.Map(folded, s) }

// folded is the first of the characters that differ only in case.
func folded(c rune) rune {
	if c < utf8.RuneSelf {
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		return c
	}
	for {
		next := unicode.SimpleFold(c)
		if next <= c {
			return next
		}
		c = next
	}
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c >= utf8.RuneSelf })
}
