package migrate

// base is what the writer of an observation may have read: the file, the
// variable of a run, or nothing.
type base struct {
	*AuthFile
	run *export // nil for the file and for nothing
}

// attribute finds what the writer of an observation had read: the bases from
// which the fewest changes lead to it. One write of OpenCode changes one entry.
// Several bases may be as near; then a reading that loses nothing is chosen by
// those who ask.
func (m *memory) attribute(seen, plain *AuthFile) []base {
	least := -1
	var nearest []base
	for _, b := range m.candidates(seen, plain) {
		switch n := b.distance(seen); {
		case least < 0 || n < least:
			least, nearest = n, []base{b}
		case n == least:
			nearest = append(nearest, b)
		}
	}
	if blank := (base{AuthFile: &AuthFile{}}); m.fromNothing(seen, plain) && blank.distance(seen) < least {
		return []base{blank}
	}
	return nearest
}

// candidates are the bases that the observation does not contradict, or all
// where it contradicts each.
func (m *memory) candidates(seen, plain *AuthFile) []base {
	var fit, all []base
	all = append(all, base{AuthFile: plain})
	if !m.haunted(seen) {
		fit = append(fit, all...)
	}
	for _, x := range m.exports {
		b := base{x.AuthFile, x}
		all = append(all, b)
		if !m.exceeds(seen, x) {
			fit = append(fit, b)
		}
	}
	if len(fit) == 0 {
		return all
	}
	return fit
}

// haunted tells whether there are ghosts in the observation, which only come
// from a run's variable.
func (m *memory) haunted(seen *AuthFile) bool {
	for _, e := range seen.entries {
		if known, ok := m.truth.Entry(e.Key); (!ok || !known.same(e)) && m.ghost(e) {
			return true
		}
	}
	return false
}

// exceeds tells whether the observation has an entry that the run cannot
// have, and so was written by somebody else: the ghost of another run, a
// refresh token that was hidden from the run, or one that came into the file by
// another's hand.
func (m *memory) exceeds(seen *AuthFile, x *export) bool {
	for _, e := range seen.entries {
		given, ok := x.Entry(e.Key)
		switch {
		case e.Type != OAuth || ok && given.same(e):
		case e.Refresh == "":
			if m.ghost(e) {
				return true
			}
		case x.hidden[e.Key] == e.Refresh.Hash():
			return true
		case m.truth.refresh(e.Key) == e.Refresh && x.wrote[e.Key] != e.Refresh.Hash():
			return true
		}
	}
	return false
}

// fromNothing tells whether the writer may have started from an empty map, as
// OpenCode does when it reads a file that is torn: nothing of what was there
// is in the observation.
func (m *memory) fromNothing(seen, plain *AuthFile) bool {
	if len(seen.entries) == 0 {
		return false
	}
	for _, e := range seen.entries {
		if read, ok := plain.Entry(e.Key); ok && read.same(e) {
			return false
		}
	}
	return !m.haunted(seen)
}
