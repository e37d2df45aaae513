package store

// delta is what one writer made of a content: base as it was read, changed as it was to be written.
type delta struct {
	base    *document
	changed *Accounts
}

// apply makes the same changes to accounts that were read from another content. Where both writers changed one
// field, the delta's wins; of two new credentials the one that lives longer. An account that the other one removed
// stays removed.
func (d delta) apply(to *Accounts) {
	base := d.base.byUUID()
	kept := make(map[string]bool, len(base))
	for _, x := range d.changed.List {
		key := d.changed.origin(x)
		kept[key] = true
		was, ok := base[key]
		switch y := to.Get(key); {
		case ok && y != nil:
			copyChanges(y, &was.was, x)
		case !ok && y == nil:
			to.Add(detached(x))
		}
	}
	for uuid := range base {
		if !kept[uuid] {
			to.Remove(uuid)
		}
	}
	if active := d.changed.active(); active != d.base.activeUUID() {
		to.Active = active
	}
}

// origin returns the uuid by which an account was read.
func (a *Accounts) origin(x *Account) string {
	if a.owns(x) {
		return x.from.was.UUID
	}
	return x.UUID
}

func detached(x *Account) *Account {
	c := *x
	c.from, c.CachedUsage = nil, x.CachedUsage.Clone()
	return &c
}

// copyChanges copies to y the fields in which x differs from was.
func copyChanges(y, was, x *Account) {
	rotated := was.Credential() != x.Credential()
	theirs := was.Credential() != y.Credential() && y.ExpiresAt > x.ExpiresAt
	if rotated && !theirs {
		y.SetCredential(x.Credential())
	}
	for i := range fields {
		f := &fields[i]
		if !f.credential && !f.same(was, x) {
			f.copy(y, x)
		}
	}
}

// byUUID returns the entries that count.
func (d *document) byUUID() map[string]*entry {
	if d == nil {
		return nil
	}
	by := make(map[string]*entry, len(d.entries))
	for i := range d.entries {
		if e := &d.entries[i]; e.of == nil {
			by[e.was.UUID] = e
		}
	}
	return by
}

func (d *document) activeUUID() string {
	if d == nil {
		return ""
	}
	return d.active
}
