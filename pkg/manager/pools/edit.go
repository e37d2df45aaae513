package pools

import (
	"slices"
	"strings"
	"unicode"
)

// AddPool adds a pool, enabled and without members. The error is a *[NameError].
func (c *Config) AddPool(name, baseProvider string) (*Pool, error) {
	if err := checkName("pool", name, c.PoolNames()); err != nil {
		return nil, err
	}
	p := &Pool{Name: name, BaseProvider: baseProvider, Enabled: true}
	c.Pools = append(c.Pools, p)
	return p, nil
}

// AddChain adds a chain, enabled and without entries. The error is a *[NameError].
func (c *Config) AddChain(name string) (*Chain, error) {
	if err := checkName("chain", name, c.ChainNames()); err != nil {
		return nil, err
	}
	ch := &Chain{Name: name, Enabled: true}
	c.Chains = append(c.Chains, ch)
	return ch, nil
}

func checkName(kind, name string, taken []string) error {
	switch {
	case strings.TrimSpace(name) == "":
		return &NameError{Kind: kind, Name: name, Reason: "has no name"}
	case strings.HasPrefix(name, "-"):
		return &NameError{Kind: kind, Name: name, Reason: "looks like a flag"}
	case strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return &NameError{Kind: kind, Name: name, Reason: "has a character that cannot be shown"}
	case slices.Contains(taken, name):
		return &NameError{Kind: kind, Name: name, Reason: "exists already"}
	}
	return nil
}

// RemovePool takes out all pools of this name. Chains that name it keep their entries. The error is a
// *[NotFoundError].
func (c *Config) RemovePool(name string) error {
	_, err := c.Pool(name)
	c.Pools = slices.DeleteFunc(c.Pools, func(p *Pool) bool { return p.Name == name })
	return err
}

// RemoveChain takes out all chains of this name. The error is a *[NotFoundError].
func (c *Config) RemoveChain(name string) error {
	_, err := c.Chain(name)
	c.Chains = slices.DeleteFunc(c.Chains, func(ch *Chain) bool { return ch.Name == name })
	return err
}

// Add puts members at a place, counted from 1; 0 = at the end. Those that are there already move to it, or stay where
// they are when no place is given. The error is a *[PlaceError].
func (p *Pool) Add(place int, uuids ...string) error {
	if place == 0 {
		for _, uuid := range uuids {
			p.Members = addOnce(p.Members, uuid)
		}
		return nil
	}
	rest := slices.DeleteFunc(slices.Clone(p.Members), func(m string) bool { return slices.Contains(uuids, m) })
	if place < 0 || place > len(rest)+1 {
		return &PlaceError{Kind: "pool", Name: p.Name, Place: place, Most: len(rest) + 1}
	}
	p.Members = slices.Insert(rest, place-1, uuids...)
	return nil
}

// Remove takes members out and returns those that were not there.
func (p *Pool) Remove(uuids ...string) (missing []string) {
	for _, uuid := range uuids {
		n := len(p.Members)
		p.Members = slices.DeleteFunc(p.Members, func(m string) bool { return m == uuid })
		if len(p.Members) == n {
			missing = append(missing, uuid)
		}
	}
	return missing
}

// Add puts enabled entries at a place, counted from 1; 0 = at the end. One pool may stand in a chain several times,
// with several models; an entry that is there already, with the same model, is not added again but enabled. The error
// is a *[PlaceError].
func (ch *Chain) Add(place int, model string, poolNames ...string) error {
	var entries []*Entry
	for _, name := range poolNames {
		same := func(e *Entry) bool { return e.Pool == name && e.Model == model }
		i := slices.IndexFunc(ch.Entries, same)
		switch {
		case i < 0 && !slices.ContainsFunc(entries, same):
			entries = append(entries, &Entry{Pool: name, Model: model, Enabled: true})
		case i < 0:
		case place == 0:
			ch.Entries[i].Enabled = true
		default: // it moves
			ch.Entries[i].Enabled = true
			entries = append(entries, ch.Entries[i])
			ch.Entries = slices.Delete(slices.Clone(ch.Entries), i, i+1)
		}
	}
	if place < 0 || place > len(ch.Entries)+1 {
		return &PlaceError{Kind: "chain", Name: ch.Name, Place: place, Most: len(ch.Entries) + 1}
	}
	if place == 0 {
		place = len(ch.Entries) + 1
	}
	ch.Entries = slices.Insert(ch.Entries, place-1, entries...)
	return nil
}

// Enable enables or disables the entries of a pool, and says whether there are any.
func (ch *Chain) Enable(pool string, enabled bool) bool {
	found := false
	for _, e := range ch.Entries {
		if e.Pool == pool {
			e.Enabled, found = enabled, true
		}
	}
	return found
}

// Remove takes the entries of the pools out, those with this model where one is given, and returns the pools that had
// none.
func (ch *Chain) Remove(model string, poolNames ...string) (missing []string) {
	for _, name := range poolNames {
		n := len(ch.Entries)
		ch.Entries = slices.DeleteFunc(ch.Entries, func(e *Entry) bool {
			return e.Pool == name && (model == "" || e.Model == model)
		})
		if len(ch.Entries) == n {
			missing = append(missing, name)
		}
	}
	return missing
}
