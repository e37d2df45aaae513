package seal

import (
	"crypto/rand"
	"errors"
	"time"

	"filippo.io/age"
	"golang.org/x/crypto/chacha20poly1305"
)

// ring is the key of one scheme: its identities, and the data keys that they opened.
type ring struct {
	source Source
	now    func() time.Time

	ids    []age.Identity // nil until needed
	loaded time.Time
	known  map[string]*dataKey // by wrapped; nil for one that does not open
	writer *dataKey

	failed   error // of a source that was long in failing; nil where it was not
	failedAt time.Time
}

const (
	// slow is from when on a failure was a wait, which is not to be repeated at each step of a command.
	slow = time.Second
	// failedFor is for how long such a source is not asked again.
	failedFor = 10 * time.Second
)

// rereadAfter is how old identities are before a text that none of them opens makes the ring look for others: a process
// that runs for days sees a key come.
const rereadAfter = time.Second

// unknown is the source of a scheme that this process has no key for.
func unknown(s Scheme) Source {
	return func() ([]age.Identity, error) {
		return nil, &KeyError{Scheme: s, Where: s.String(), Err: errors.New("this kyoli has no such key"), Way: "kyoli config get storage.encryption"}
	}
}

// load reads the identities anew. What is known stays where they are the same.
func (r *ring) load() error {
	start := r.now()
	if r.failed != nil && start.Sub(r.failedAt) < failedFor {
		return r.failed
	}
	r.failed = nil
	ids, err := r.source()
	if err != nil {
		if r.failedAt = r.now(); r.failedAt.Sub(start) >= slow {
			r.failed = err
		}
		return err
	}
	if len(ids) == 0 {
		return &KeyError{Where: "the identities", Err: errNoIdentity}
	}
	if !same(r.ids, ids) {
		r.known, r.writer = make(map[string]*dataKey), nil
	}
	r.ids, r.loaded = ids, r.now()
	return nil
}

func same(a, b []age.Identity) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if Recipient(a[i]) != Recipient(b[i]) {
			return false
		}
	}
	return true
}

// opener returns the data key that is wrapped.
func (r *ring) opener(wrapped string) (*dataKey, error) {
	if r.ids == nil {
		if err := r.load(); err != nil {
			return nil, err
		}
	}
	k := r.find(wrapped)
	if k == nil && r.now().Sub(r.loaded) > rereadAfter {
		if err := r.load(); err != nil {
			return nil, err
		}
		r.forget()
		k = r.find(wrapped)
	}
	if k == nil {
		return nil, &OpenError{Reason: "it was sealed for another key than " + Recipient(r.ids[0])}
	}
	return k, nil
}

// forget makes the ring try again what did not open.
func (r *ring) forget() {
	for wrapped, k := range r.known {
		if k == nil {
			delete(r.known, wrapped)
		}
	}
}

// find opens a data key, once.
func (r *ring) find(wrapped string) *dataKey {
	if k, tried := r.known[wrapped]; tried {
		return k
	}
	var found *dataKey
	for i, id := range r.ids {
		key, err := unwrap(id, wrapped)
		if err != nil {
			continue
		}
		if found, err = newDataKey(wrapped, key, i == 0); err == nil {
			break
		}
	}
	r.known[wrapped] = found
	if found != nil && found.first && r.writer == nil {
		r.writer = found // one data key for a file, as far as that goes
	}
	return found
}

// sealer returns the data key to seal with, a new one where none is known.
func (r *ring) sealer() (*dataKey, error) {
	if r.ids == nil {
		if err := r.load(); err != nil {
			return nil, err
		}
	}
	if r.writer != nil {
		return r.writer, nil
	}
	key := make([]byte, chacha20poly1305.KeySize)
	_, _ = rand.Read(key) // never fails
	wrapped, err := wrap(r.ids[0], key)
	if err != nil {
		return nil, &KeyError{Where: Recipient(r.ids[0]), Err: err}
	}
	k, err := newDataKey(wrapped, key, true)
	if err != nil {
		return nil, &KeyError{Where: Recipient(r.ids[0]), Err: err}
	}
	r.known[wrapped], r.writer = k, k
	return k, nil
}
