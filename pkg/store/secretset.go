package store

// secretSet is a set of tokens in which one is found as [Secret.Same] would find it: sealed or not.
type secretSet struct {
	texts  map[Secret]bool
	hashes map[string]bool // of all of them, where one is sealed or somebody looks for one that is
	sealed bool            // one is
}

func newSecretSet(secrets []Secret) *secretSet {
	s := &secretSet{texts: make(map[Secret]bool, len(secrets))}
	for _, t := range secrets {
		s.add(t)
	}
	return s
}

// add adds a token; the empty one is none.
func (s *secretSet) add(t Secret) {
	if t != "" {
		s.texts[t], s.sealed, s.hashes = true, s.sealed || t.Sealed(), nil
	}
}

func (s *secretSet) has(t Secret) bool {
	if s.texts[t] {
		return true
	}
	if !s.sealed && !t.Sealed() {
		return false
	}
	if s.hashes == nil {
		s.hashes = make(map[string]bool, len(s.texts))
		for u := range s.texts {
			s.hashes[u.Hash()] = true
		}
	}
	h := t.Hash()
	return h != "" && s.hashes[h]
}

// in returns those that are in the content, as they are there.
func (s *secretSet) in(d *document) *secretSet {
	found := newSecretSet(nil)
	for i := range d.entries {
		for _, t := range []Secret{d.entries[i].was.RefreshToken, d.entries[i].was.AccessToken} {
			if s.has(t) {
				found.add(t)
			}
		}
	}
	return found
}
