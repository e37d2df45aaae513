package store

import (
	"slices"
	"strings"
)

// Accounts is the content of an account file. Entries that share a uuid are one account here, the one used last.
// Change accounts in place, and add and remove them with Add and Remove.
type Accounts struct {
	List   []*Account
	Active string // the active account's uuid, or empty
	Notes  []Note // what the user should be told about the file

	path    string
	doc     *document       // what was read; nil for a missing file
	dropped map[*entry]bool // entries to be taken out one by one
	sealing Sealing         // how tokens are written
	reform  bool            // encode has written tokens in another form than they had
}

// minPrefix is the shortest start of a uuid that names an account.
const minPrefix = 4

// Get returns the account with this uuid, or nil.
func (a *Accounts) Get(uuid string) *Account {
	i := a.index(uuid)
	if i < 0 {
		return nil
	}
	return a.List[i]
}

func (a *Accounts) index(uuid string) int {
	return slices.IndexFunc(a.List, func(x *Account) bool { return x.UUID == uuid && uuid != "" })
}

// byUUID returns the accounts by uuid.
func (a *Accounts) byUUID() map[string]*Account {
	by := make(map[string]*Account, len(a.List))
	for _, x := range a.List {
		if x.UUID != "" && by[x.UUID] == nil {
			by[x.UUID] = x
		}
	}
	return by
}

// Find returns the account that name names: by its uuid, its label, its e-mail (in any case), or the start of its
// uuid, 4 characters at least. The error is *UnknownAccountError or *AmbiguousAccountError.
func (a *Accounts) Find(name string) (*Account, error) {
	if x := a.Get(name); x != nil {
		return x, nil
	}
	found := a.matching(func(x *Account) bool {
		return name != "" && (x.Label == name || strings.EqualFold(x.Email, name))
	})
	if len(found) == 0 && len(name) >= minPrefix {
		found = a.matching(func(x *Account) bool {
			return len(x.UUID) >= len(name) && strings.EqualFold(x.UUID[:len(name)], name)
		})
	}
	switch len(found) {
	case 0:
		return nil, &UnknownAccountError{Name: name, File: a.path}
	case 1:
		return found[0], nil
	}
	return nil, Ambiguous(name, found)
}

func (a *Accounts) matching(match func(*Account) bool) []*Account {
	var found []*Account
	for _, x := range a.List {
		if match(x) {
			found = append(found, x)
		}
	}
	return found
}

func candidates(found []*Account) []string {
	texts := make([]string, len(found))
	for i, x := range found {
		texts[i] = x.UUID + " (" + x.Describe() + ")"
	}
	return texts
}

// Names returns for each account, in order, the shortest name that names it alone: label, e-mail or uuid.
func (a *Accounts) Names() []string {
	uses := make(map[string]int)
	for _, x := range a.List {
		uses[x.Label]++
		if email := strings.ToLower(x.Email); email != x.Label {
			uses[email]++
		}
	}
	names := make([]string, len(a.List))
	for i, x := range a.List {
		switch {
		case x.Label != "" && uses[x.Label] == 1:
			names[i] = x.Label
		case x.Email != "" && uses[strings.ToLower(x.Email)] == 1:
			names[i] = x.Email
		default:
			names[i] = x.UUID
		}
	}
	return names
}

// Add adds an account. One without a uuid gets a random one. One whose uuid is there already takes that one's place,
// and its unknown fields. The first account of all becomes the active one.
func (a *Accounts) Add(x *Account) {
	if i := a.index(x.UUID); i >= 0 {
		x.from = a.List[i].from
		a.List[i] = x
		return
	}
	a.AddNew(x)
}

// AddNew is Add for who knows that the account's uuid is not there yet, and adds so many that Add, which looks at all
// accounts to find that out, would be slow.
func (a *Accounts) AddNew(x *Account) {
	if x.UUID == "" {
		x.UUID = newUUID()
	}
	if len(a.List) == 0 && a.Active == "" {
		a.Active = x.UUID
	}
	a.List = append(a.List, x)
}

// Remove removes the account with this uuid, with every entry that shares it, and says whether it was there. When it
// was the active one, the first that remains becomes active.
func (a *Accounts) Remove(uuid string) bool {
	i := a.index(uuid)
	if i < 0 {
		return false
	}
	a.List = slices.Delete(a.List, i, i+1)
	if a.Active == uuid {
		a.Active = ""
		if len(a.List) > 0 {
			a.Active = a.List[0].UUID
		}
	}
	return true
}
