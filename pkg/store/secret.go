package store

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"slices"

	"github.com/kyoli-gam/kyoli/internal/seal"
)

// redacted is what a secret shows of itself.
const redacted = "[redacted]"

// Secret is a token. However it is formatted or encoded it shows "[redacted]" ("" where it is empty), so that it
// cannot get into a message or a log by accident; Reveal is the one way to its text.
//
// One that is sealed in the file, and was read by who has no need of it (List, Peek) or no key, stands for the token: it
// has the same hash, and no text.
type Secret string

// Reveal returns the token itself, and nothing for one that is sealed.
func (s Secret) Reveal() string {
	if s.Sealed() {
		return ""
	}
	return string(s)
}

// Sealed says whether this is not the token, but what is in the place of it in the file.
func (s Secret) Sealed() bool { return seal.Is(string(s)) }

// Hash returns the first 16 bytes of the token's SHA-256 in hexadecimal, a name for it that may be shown and stored.
// The empty token has the empty hash. A sealed one tells the hash of the token.
func (s Secret) Hash() string {
	if s == "" {
		return ""
	}
	if s.Sealed() {
		return seal.Name(string(s))
	}
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:16])
}

// Same says whether both are the same token, sealed or not.
func (s Secret) Same(t Secret) bool {
	return s == t || (s.Sealed() || t.Sealed()) && s.Hash() == t.Hash() && s.Hash() != ""
}

// isOneOf says whether the token is among others.
func (s Secret) isOneOf(others []Secret) bool {
	return s != "" && slices.ContainsFunc(others, s.Same)
}

// String returns "[redacted]".
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// GoString returns "[redacted]".
func (s Secret) GoString() string { return s.String() }

// Format writes "[redacted]", whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText returns "[redacted]", for encoding/json and its like.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue returns "[redacted]".
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
