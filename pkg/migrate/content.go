package migrate

import (
	"bytes"

	"github.com/kyoli-gam/kyoli/internal/rawjson"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// change is one entry to set, or to delete where value is nil. A value is
// anything that rawjson sets: a jsontext.Value stays byte for byte.
type change struct {
	key   string
	value any
}

// apply is f with changes made and every other byte as it was. Without
// changes it is f itself; a file that is missing comes to be with the first
// entry.
func (f *AuthFile) apply(changes []change) (*AuthFile, error) {
	if len(changes) == 0 {
		return f, nil
	}
	obj := rawjson.NewObject("  ")
	if f.Exists {
		var err error
		if obj, err = rawjson.ParseObject(f.data); err != nil {
			return nil, damaged(f.Path, err)
		}
	}
	for _, c := range changes {
		if c.value == nil {
			obj.Delete(c.key)
			continue
		}
		if err := obj.Set(c.key, c.value); err != nil {
			return nil, err
		}
	}
	if !f.Exists && obj.Len() == 0 {
		return f, nil
	}
	return parseAuth(f.Path, obj.Bytes())
}

// equal tells whether OpenCode sees the same in both, and both have the same
// of what it does not see.
func (f *AuthFile) equal(o *AuthFile) bool {
	if len(f.entries) != len(o.entries) {
		return false
	}
	for _, e := range f.entries {
		if other, ok := o.Entry(e.Key); !ok || !e.same(other) {
			return false
		}
	}
	return true
}

// identical tells whether both are the same bytes.
func (f *AuthFile) identical(o *AuthFile) bool {
	return f.Exists == o.Exists && bytes.Equal(f.data, o.data)
}

// distance counts the entries that differ. Those that OpenCode does not know
// do not count, because it drops them whenever it writes.
func (f *AuthFile) distance(o *AuthFile) int {
	n := 0
	for _, e := range f.entries {
		if other, ok := o.Entry(e.Key); e.Type != Other && (!ok || !e.same(other)) {
			n++
		}
	}
	for _, e := range o.entries {
		if _, ok := f.Entry(e.Key); e.Type != Other && !ok {
			n++
		}
	}
	return n
}

// emptied is a file of the same name without entries.
func (f *AuthFile) emptied() *AuthFile {
	return &AuthFile{Path: f.Path, Exists: true, data: []byte("{}")}
}

// refresh is the refresh token of an entry, empty where it has none.
func (f *AuthFile) refresh(key string) store.Secret {
	e, _ := f.Entry(key)
	return e.Refresh
}
