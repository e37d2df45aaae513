// Package tokenanswer reads the answers of OAuth token endpoints (RFC 6749 section 5.1), and as leniently as is safe:
// an odd answer may hold the only copy of a token.
//
// It is the one reader for both moments at which that happens: after a request, and when an answer is found in the
// rotation journal whose process died before it could be stored.
package tokenanswer

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Answer is what an answer brought. Its texts are secrets.
type Answer struct {
	AccessToken  string // as it came; empty where it is missing or no string
	RefreshToken string // empty where it is missing or could not be sent: the old one stays
	IDToken      string

	members map[string]json.RawMessage
}

// Read reads the body of an answer; false means that it is not a JSON object.
func Read(body []byte) (*Answer, bool) {
	var m map[string]json.RawMessage
	if json.Unmarshal(bytes.TrimPrefix(body, []byte("\ufeff")), &m) != nil || m == nil {
		return nil, false
	}
	a := &Answer{
		AccessToken: Text(m["access_token"]), RefreshToken: Text(m["refresh_token"]), IDToken: Text(m["id_token"]),
		members: m,
	}
	if !HeaderSafe(a.RefreshToken) {
		a.RefreshToken = ""
	}
	return a, true
}

// Member returns a member's raw value, nil where there is none.
func (a *Answer) Member(name string) json.RawMessage { return a.members[name] }

// Text is the string in raw, "" for any other type.
func Text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// Members are those of the object in raw, nil for any other type.
func Members(raw json.RawMessage) map[string]json.RawMessage {
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil {
		return nil
	}
	return m
}

// HeaderSafe reports a value that is whole and alone in its HTTP header.
func HeaderSafe(s string) bool {
	return s != "" && strings.TrimSpace(s) == s &&
		!strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}
