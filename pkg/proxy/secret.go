package proxy

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
)

// secretPrefix is what secrets begin with, so that they are known for what they are where they turn
// up, and can be told from a provider in a path.
const secretPrefix = "kyr_"

// Secret is what a program shows to be let in: 256 random bits.
type Secret string

// NewSecret makes a secret.
func NewSecret() Secret {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // crypto/rand never fails (Go 1.24)
	return Secret(secretPrefix + base64.RawURLEncoding.EncodeToString(b))
}

// Hash is what is kept of a secret that is stored. The secret being random, no salt is needed.
func (s Secret) Hash() [sha256.Size]byte {
	var text [64]byte // what a secret of ours takes, without memory to be given back
	return sha256.Sum256(append(text[:0], s...))
}

// Reveal returns the secret's text.
func (s Secret) Reveal() string { return string(s) }

// String keeps secrets out of logs.
func (s Secret) String() string { return "[redacted]" }

// GoString is String, for %#v.
func (s Secret) GoString() string { return s.String() }

// Key is a secret that lets in, by its hash.
type Key struct {
	// Name is what it is called, for people.
	Name string
	// Hash is its [Secret.Hash].
	Hash [sha256.Size]byte
}

// match returns the key that a secret is. All keys are looked at, each in constant time.
func match(keys []Key, s Secret) (Key, bool) {
	hash := s.Hash()
	var found Key
	ok := 0
	for _, k := range keys {
		if same := subtle.ConstantTimeCompare(hash[:], k.Hash[:]); same == 1 {
			found, ok = k, 1
		}
	}
	return found, ok == 1
}

// shown takes the secret that a request shows: in its path, which is returned without it, or in a
// header.
func shown(h http.Header, path string) (s Secret, rest string) {
	if first, tail, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/"); strings.HasPrefix(first, secretPrefix) {
		return Secret(first), "/" + tail
	}
	scheme, token, _ := strings.Cut(h.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") && token != "" {
		return Secret(strings.TrimSpace(token)), path
	}
	return Secret(h.Get("X-Api-Key")), path
}

// isSecret tells whether a part of a URL, as it is escaped in it, is a secret of ours by its looks.
func isSecret(part string) bool {
	if plain, err := url.PathUnescape(part); err == nil {
		part = plain
	}
	return strings.HasPrefix(part, secretPrefix)
}

// withoutSecrets is a path, as it is escaped, in which no secret is.
func withoutSecrets(path string) string {
	if !strings.ContainsAny(path, "_%") { // as nearly all are
		return path
	}
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if isSecret(part) {
			parts[i] = "[redacted]"
		}
	}
	return strings.Join(parts, "/")
}
