package migrate

// memory is what auth.json should hold, and what is needed to tell whether
// something that it is seen to hold is news.
type memory struct {
	// truth is the file as it should be.
	truth *AuthFile
	// exports are the maps that runs have in OPENCODE_AUTH_CONTENT. OpenCode's
	// writes in such a run are that map with one entry changed.
	exports []*export
	// lineage knows the credentials that were replaced.
	lineage lineage
}

// export is what one run has in OPENCODE_AUTH_CONTENT.
type export struct {
	*AuthFile
	// hidden are the hashes of the refresh tokens that the run was not given,
	// by entry.
	hidden map[string]string
	// wrote are the hashes of the refresh tokens that the run is thought to
	// have stored, by entry.
	wrote map[string]string
}

// fold takes an observation into the truth. plain is what a writer without a
// run's variable had read: normally the truth itself.
//
// Whoever wrote it started from one of several bases. What differs from the
// base is news, what does not is kept as the truth has it: entries missing
// because the base lacked them, refresh tokens emptied in the base, values
// that somebody else has changed since.
func (m *memory) fold(seen, plain *AuthFile) error {
	bases := m.attribute(seen, plain)
	var news []change
	for _, e := range seen.entries {
		if known, ok := m.truth.Entry(e.Key); ok && known.same(e) {
			continue
		}
		if !m.ghost(e) && !m.lineage.spent(e) && !unchanged(bases, e) {
			news = append(news, change{e.Key, e.raw})
			credit(bases, e)
		}
	}
	for _, known := range m.truth.entries {
		if _, ok := seen.Entry(known.Key); !ok && removed(bases, known) {
			news = append(news, change{key: known.Key})
		}
	}
	return m.set(news)
}

// set makes changes to the truth that are known to be wanted.
func (m *memory) set(changes []change) error {
	truth, err := m.truth.apply(changes)
	if err != nil {
		return err
	}
	for _, c := range changes {
		if old, ok := m.truth.Entry(c.key); ok {
			m.lineage.retire(old)
		}
		if now, ok := truth.Entry(c.key); ok {
			m.lineage.revive(now)
		}
	}
	m.truth = truth
	return nil
}

// ghost tells whether e is an entry as a run was given it, with its refresh
// token emptied. It says nothing about what the file should hold.
func (m *memory) ghost(e Entry) bool {
	if e.Type != OAuth || e.Refresh != "" {
		return false
	}
	for _, export := range m.exports {
		given, ok := export.Entry(e.Key)
		if ok && given.Type == OAuth && given.Refresh == "" &&
			(given.same(e) || e.Access != "" && given.Access == e.Access) {
			return true
		}
	}
	known, ok := m.truth.Entry(e.Key)
	return ok && known.Type == OAuth && known.Refresh != "" && e.Access != "" && known.Access == e.Access
}

// credit notes which runs may have stored e.
func credit(bases []base, e Entry) {
	for _, b := range bases {
		if b.run != nil && e.Type == OAuth {
			b.run.wrote[e.Key] = e.Refresh.Hash()
		}
	}
}

// unchanged tells whether one of the bases has e as it is.
func unchanged(bases []base, e Entry) bool {
	for _, b := range bases {
		if given, ok := b.Entry(e.Key); ok && given.same(e) {
			return true
		}
	}
	return false
}

// removed tells whether the absence of e means that somebody logged out: each
// base had it. An entry that OpenCode does not know it drops unasked.
func removed(bases []base, e Entry) bool {
	if e.Type == Other {
		return false
	}
	for _, b := range bases {
		if _, ok := b.Entry(e.Key); !ok {
			return false
		}
	}
	return true
}
