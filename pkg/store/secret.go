package store

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
)

// redacted is what a secret shows of itself.
const redacted = "[redacted]"

// Secret is a token. However it is formatted or encoded it shows "[redacted]" ("" where it is empty), so that it
// cannot get into a message or a log by accident; Reveal is the one way to its text.
type Secret string

// Reveal returns the token itself.
func (s Secret) Reveal() string { return string(s) }

// Hash returns the first 16 bytes of the token's SHA-256 in hexadecimal, a name for it that may be shown and stored.
// The empty token has the empty hash.
func (s Secret) Hash() string {
	if s == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:16])
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
