package seal

import (
	"encoding/base64"
	"strings"
)

// Scheme is where the key of a sealed text is kept.
type Scheme string

const (
	// None is plain text.
	None Scheme = ""
	// Keyring is an age identity in the system's keyring.
	Keyring Scheme = "keyring"
	// Age is an age identity in a file.
	Age Scheme = "age"
)

// String returns the scheme as the settings name it.
func (s Scheme) String() string {
	if s == None {
		return "none"
	}
	return string(s)
}

// ParseScheme reads a scheme as the settings name it. What is none of them is None.
func ParseScheme(name string) Scheme {
	switch s := Scheme(name); s {
	case Keyring, Age:
		return s
	}
	return None
}

// Prefix is what every sealed text begins with, and no token does.
const Prefix = "kyoli-sealed:"

// version is the form that is written: "kyoli-sealed:1:<scheme>:<name>:<wrapped>:<body>". The name is what the plain text
// may be called (a hash, or empty), wrapped the data key in an age file, the body a nonce and the sealed text. Both are
// base64 for URLs, without padding.
const version = "1:"

var encoding = base64.RawURLEncoding.Strict() // one text for one content

// text is a sealed text in its parts.
type text struct {
	scheme  Scheme
	name    string
	wrapped string
	head    string // all before the body
	body    string
}

// Is says whether a text is a sealed one, or what is left of one.
func Is(s string) bool { return strings.HasPrefix(s, Prefix) }

// Name returns the name that was given to a sealed text, which can be read without the key.
func Name(s string) string {
	t, _ := parse(s)
	return t.name
}

// SchemeOf returns where the key of a sealed text is; None for any other text.
func SchemeOf(s string) Scheme {
	t, _ := parse(s)
	return t.scheme
}

// parse takes a sealed text apart.
func parse(s string) (text, bool) {
	rest, ok := strings.CutPrefix(s, Prefix+version)
	if !ok {
		return text{}, false
	}
	parts := strings.Split(rest, ":")
	if len(parts) != 4 || strings.ContainsAny(rest, "\r\n") || ParseScheme(parts[0]) == None || parts[2] == "" || parts[3] == "" {
		return text{}, false
	}
	return text{
		scheme: Scheme(parts[0]), name: parts[1], wrapped: parts[2], body: parts[3],
		head: s[:len(s)-len(parts[3])],
	}, true
}

// head is the text before its body.
func head(scheme Scheme, name, wrapped string) string {
	return Prefix + version + string(scheme) + ":" + name + ":" + wrapped + ":"
}
