package store

import (
	"slices"

	"github.com/kyoli-gam/kyoli/internal/rawjson"
)

// Export returns a file of accounts that holds only those with these uuids, unknown fields included. The active
// account stays so where it is among them. It has their tokens.
func (a *Accounts) Export(uuids ...string) ([]byte, error) {
	some := &Accounts{path: a.path, doc: a.doc}
	for _, x := range a.List {
		if slices.Contains(uuids, x.UUID) {
			some.List = append(some.List, x)
		}
	}
	if slices.Contains(uuids, a.Active) {
		some.Active = a.Active
	}
	d, err := some.encode()
	if err != nil {
		return nil, err
	}
	if d == nil {
		return []byte(emptyFile), nil
	}
	return d.raw, nil
}

// FieldError is returned by ParseAccount for a member that is not what it must be.
type FieldError struct {
	Field  string // "" = the whole
	Reason string
}

func (e *FieldError) Error() string {
	if e.Field == "" {
		return e.Reason
	}
	return e.Field + " " + e.Reason
}

// ParseAccount reads one element of an account file as a new account: with what it says of use and limits, and with
// its unknown members, which are written with it. Members may be missing, also those that a file needs. The error is
// *FieldError.
func ParseAccount(object []byte) (*Account, error) {
	o, err := rawjson.ParseObject(object)
	if err != nil {
		return nil, &FieldError{Reason: err.Error()}
	}
	a := &Account{Enabled: true, unknown: o}
	for i := range fields {
		raw, ok := o.Get(fields[i].name)
		if !ok || raw.Kind() == 'n' {
			o.Delete(fields[i].name)
			continue
		}
		if text := fields[i].read(a, rawjson.NewCursor(raw)); text != "" {
			return nil, &FieldError{Field: fields[i].name, Reason: text}
		}
		o.Delete(fields[i].name)
	}
	return a, nil
}

// DropUnknown takes members out of what a new account has beside its fields.
func (a *Account) DropUnknown(names ...string) {
	if a.unknown == nil {
		return
	}
	for _, name := range names {
		a.unknown.Delete(name)
	}
}
