package seal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
)

// Source reads the identities of a scheme, the one to seal for first. The error is a *KeyError.
type Source func() ([]age.Identity, error)

// errNoIdentity says that there is nothing in an identity file to seal for.
var errNoIdentity = errors.New("no age identity is in it (a line AGE-SECRET-KEY-…)")

// ParseIdentities reads the text of an identity file: one identity a line, "#" begins a comment. No error holds any of it.
func ParseIdentities(text []byte) ([]age.Identity, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, errNoIdentity
	}
	ids, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil || len(ids) == 0 || recipientOf(ids[0]) == nil {
		return nil, errNoIdentity // age's own error may quote a line
	}
	return ids, nil
}

// NewIdentity makes an identity, and returns it as its line in an identity file, and its recipient, which is no secret.
func NewIdentity() (line, recipient string, err error) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return "", "", err
	}
	return id.String(), id.Recipient().String(), nil
}

// recipientOf is whom to seal for so that the identity can open it; nil where it does not say.
func recipientOf(id age.Identity) age.Recipient {
	switch id := id.(type) {
	case *age.X25519Identity:
		return id.Recipient()
	case *age.HybridIdentity:
		return id.Recipient()
	}
	return nil
}

// Recipient names an identity by its recipient, which is no secret.
func Recipient(id age.Identity) string {
	if r, ok := recipientOf(id).(fmt.Stringer); ok {
		return r.String()
	}
	return ""
}

// wrap seals a data key for an identity.
func wrap(id age.Identity, key []byte) (string, error) {
	var b strings.Builder
	w, err := age.Encrypt(&b, recipientOf(id))
	if err != nil {
		return "", err
	}
	if _, err := w.Write(key); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return encoding.EncodeToString([]byte(b.String())), nil
}

// unwrap opens a data key.
func unwrap(id age.Identity, wrapped string) ([]byte, error) {
	raw, err := encoding.DecodeString(wrapped)
	if err != nil {
		return nil, err
	}
	r, err := age.Decrypt(bytes.NewReader(raw), id)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, 1<<10))
}
