package migrate

import (
	"bytes"
	"encoding/base64"

	"github.com/kyoli-gam/kyoli/internal/rawjson"
)

// Form is what a document that is to be imported is.
type Form string

// The forms. A document that is none of them, or no JSON at all, is [FormUnknown].
const (
	FormCodex    Form = "codex"     // Codex CLI's auth.json
	FormAccounts Form = "accounts"  // an account file, or an export of kyoli's
	FormPools    Form = "pools"     // the plugins' pools and chains
	FormAuthJSON Form = "auth.json" // OpenCode's auth.json
	FormUnknown  Form = ""
)

// FormOf tells by the members of a document what it is.
func FormOf(data []byte) Form {
	obj, err := rawjson.ParseObject(data)
	if err != nil {
		return FormUnknown
	}
	has := func(names ...string) bool {
		for _, name := range names {
			if _, ok := obj.Get(name); ok {
				return true
			}
		}
		return false
	}
	switch {
	case has("accounts"):
		return FormAccounts
	case has("tokens", "OPENAI_API_KEY", "auth_mode"):
		return FormCodex
	case has("pools", "chains"):
		return FormPools
	}
	for _, name := range obj.Names() {
		raw, _ := obj.Get(name)
		if e := parseEntry(name, raw); e.Type != Other {
			return FormAuthJSON
		}
	}
	return FormUnknown
}

// Unwrap takes off what a secret store, or an editor, may have put around a
// document: a byte order mark, and base64 (RFC 4648 section 4, with line breaks
// or without). Data that is not a wrapped document comes back as it is.
func Unwrap(data []byte) []byte {
	plain := bytes.TrimPrefix(data, utf8Mark)
	if isDocument(plain) {
		return plain
	}
	packed := bytes.Join(bytes.Fields(plain), nil)
	unpacked := make([]byte, base64.StdEncoding.DecodedLen(len(packed)))
	n, err := base64.StdEncoding.Strict().Decode(unpacked, packed)
	if unpacked = bytes.TrimPrefix(unpacked[:n], utf8Mark); err != nil || !isDocument(unpacked) {
		return plain
	}
	return unpacked
}

var utf8Mark = []byte("\xef\xbb\xbf")

// isDocument tells whether data begins as JSON, or an encrypted file, does.
func isDocument(data []byte) bool {
	text := bytes.TrimLeft(data, " \t\r\n")
	return len(text) > 0 && (text[0] == '{' || text[0] == '[') || Sealed(data)
}
