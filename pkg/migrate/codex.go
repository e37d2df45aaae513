package migrate

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/kyoli-gam/kyoli/internal/rawjson"
	"github.com/kyoli-gam/kyoli/internal/tokenanswer"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// CodexProvider is kyoli's name for the provider whose logins Codex CLI has.
const CodexProvider = "openai"

// CodexAuthPath is where Codex CLI keeps its login: auth.json in $CODEX_HOME,
// which is ~/.codex where it is not set.
func CodexAuthPath(codexHome, home string) string {
	if codexHome == "" {
		codexHome = filepath.Join(home, ".codex")
	}
	return filepath.Join(codexHome, "auth.json")
}

// CodexLogin is the ChatGPT login in Codex CLI's auth.json (AuthDotJson in its
// sources: auth_mode, OPENAI_API_KEY, tokens, last_refresh).
type CodexLogin struct {
	// Credential has as its expiry the access token's own; where that does not
	// say, the moment of the last refresh, which it outlives.
	store.Credential
	// IDToken says who it is.
	IDToken store.Secret
	// AccountID is the ChatGPT account, empty where there is none.
	AccountID string
}

// NoLoginError says that a file of another tool holds no OAuth login.
type NoLoginError struct {
	// Source is the file, Reason what it has instead.
	Source, Reason string
}

// Error implements error.
func (e *NoLoginError) Error() string { return e.Source + " has no login to take over: " + e.Reason }

// SourceError says that a file that was to be imported is not what it must be.
type SourceError struct {
	// Source is the file, or another name for where it came from.
	Source string
	// Offset is the byte at which reading failed; 0 = the whole.
	Offset int64
	// Field is the member that is wrong, empty for the whole.
	Field string
	// Reason says what is wrong, without quoting the content.
	Reason string
}

// Error implements error.
func (e *SourceError) Error() string {
	text := e.Source + ": "
	if e.Field != "" {
		text += e.Field + " "
	}
	if text += e.Reason; e.Offset > 0 {
		text += fmt.Sprintf(" at byte %d", e.Offset)
	}
	return text
}

// Hint is a command that says what can be imported.
func (e *SourceError) Hint() string { return "kyoli import --help" }

// ParseCodex reads Codex CLI's auth.json. source names it in errors, which are a
// *[SourceError] for what cannot be read and a *[NoLoginError] for one with an
// API key only.
func ParseCodex(source string, data []byte) (*CodexLogin, error) {
	obj, err := rawjson.ParseObject(data)
	if err != nil {
		return nil, sourceError(source, err)
	}
	raw, ok := obj.Get("tokens")
	if !ok || raw.Kind() == 'n' {
		reason := "nobody is logged in"
		if key, ok := text(obj, "OPENAI_API_KEY"); ok && key != "" {
			reason = "it is an API key, not an OAuth login"
		}
		return nil, &NoLoginError{Source: source, Reason: reason}
	}
	tokens, err := rawjson.ParseObject(raw)
	if err != nil {
		return nil, &SourceError{Source: source, Field: "tokens", Reason: "is not an object"}
	}
	l := &CodexLogin{}
	for _, m := range []struct {
		name string
		into *store.Secret
	}{{"refresh_token", &l.RefreshToken}, {"access_token", &l.AccessToken}, {"id_token", &l.IDToken}} {
		if *m.into, err = codexText(source, tokens, m.name); err != nil {
			return nil, err
		}
	}
	account, err := codexText(source, tokens, "account_id")
	if err != nil {
		return nil, err
	}
	l.AccountID = account.Reveal()
	if l.RefreshToken == "" {
		return nil, &NoLoginError{Source: source, Reason: "there is no refresh token in it"}
	}
	l.ExpiresAt = codexExpiry(l.AccessToken, obj)
	return l, nil
}

// codexText is a string member of tokens that may be null or absent.
func codexText(source string, tokens *rawjson.Object, name string) (store.Secret, error) {
	raw, ok := tokens.Get(name)
	if !ok || raw.Kind() == 'n' {
		return "", nil
	}
	s, ok := rawjson.Text(raw)
	if !ok {
		return "", &SourceError{Source: source, Field: "tokens." + name, Reason: "is not a string"}
	}
	return store.Secret(s), nil
}

// codexExpiry is when the access token expires, as far as that can be told: it
// decides which of two logins of one account is the newer.
func codexExpiry(access store.Secret, obj *rawjson.Object) store.Millis {
	if at := tokenanswer.JWTExpiry(access.Reveal()); !at.IsZero() {
		return store.MillisOf(at)
	}
	last, _ := text(obj, "last_refresh")
	if at, err := time.Parse(time.RFC3339Nano, last); err == nil && at.After(time.UnixMilli(0)) {
		return store.MillisOf(at)
	}
	return 0
}

func sourceError(source string, err error) error {
	e := &SourceError{Source: source, Reason: err.Error()}
	var syntax *rawjson.SyntaxError
	if errors.As(err, &syntax) {
		e.Offset, e.Reason = syntax.Offset, syntax.Reason
	}
	return e
}
