package store

import (
	"github.com/kyoli-gam/kyoli/internal/rawjson"
)

// Export returns an account file that holds only the accounts with these uuids, unknown fields included, and their
// tokens, which are not sealed in it. The provider's name stands in it for whoever reads it alone. The active account stays so where it is among
// them. A file of a later version gives a *VersionError: what is new in it might be needed.
func (a *Accounts) Export(provider string, uuids ...string) ([]byte, error) {
	if a.doc != nil && a.doc.later != "" {
		return nil, &VersionError{Path: a.path, Version: a.doc.later}
	}
	wanted := make(map[string]bool, len(uuids))
	for _, uuid := range uuids {
		wanted[uuid] = true
	}
	some := &Accounts{path: a.path, doc: a.doc}
	for _, x := range a.List {
		if wanted[x.UUID] {
			if err := x.Opened(a.path); err != nil {
				return nil, err
			}
			some.List = append(some.List, x)
		}
	}
	if wanted[a.Active] {
		some.Active = a.Active
	}
	raw := []byte(emptyFile)
	if d, err := some.encode(); err != nil {
		return nil, err
	} else if d != nil {
		raw = d.raw
	}
	file := rawjson.Split(raw)
	if err := file.Set("provider", provider); err != nil {
		return nil, err
	}
	return file.Bytes(), nil
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
