package provider

import (
	"fmt"
	"strings"
)

// AdapterError is a fault in the settings of an adapter.
type AdapterError struct {
	File    string // the settings file, or the built-in's name
	Line    int    // from 1; 0 where it is not at a line
	Adapter string
	Key     string // "" where the fault is not at a key
	Reason  string // what is wrong, with the allowed values
}

func (e *AdapterError) Error() string {
	where := e.File
	if e.Line > 0 {
		where = fmt.Sprintf("%s:%d", e.File, e.Line)
	}
	if e.Key == "" {
		return fmt.Sprintf("%s: adapter %q: %s", where, e.Adapter, e.Reason)
	}
	return fmt.Sprintf("%s: adapter %q: key %q: %s", where, e.Adapter, e.Key, e.Reason)
}

// Hint is a command that names every fault of the adapter.
func (e *AdapterError) Hint() string { return "kyoli providers check " + e.Adapter }

// UnknownProviderError is a provider name that no adapter has.
type UnknownProviderError struct {
	Name  string
	Known []string // sorted
}

func (e *UnknownProviderError) Error() string {
	return fmt.Sprintf("unknown provider %q (known: %s)", e.Name, strings.Join(e.Known, ", "))
}

// Hint is a command that shows what there is.
func (e *UnknownProviderError) Hint() string { return "kyoli providers list" }

// SendError is a request that brought no answer. Sent tells whether it may have
// reached the provider: then its refresh token may be spent.
type SendError struct {
	Sent bool
	Err  error
}

func (e *SendError) Error() string { return "token request: " + e.Err.Error() }

func (e *SendError) Unwrap() error { return e.Err }

// Kind sorts the answers that bring no token.
type Kind int

// The kinds of refusal.
const (
	// Transient says nothing about the account: a busy or broken provider, a
	// firewall's page, an answer that cannot be read. Try again later.
	Transient Kind = iota
	// InvalidGrant is the provider's word that the refresh token is dead
	// (RFC 6749 section 5.2): the person has to log in again.
	InvalidGrant
	// Misconfigured is a fault of the adapter (client id, client secret,
	// encoding), not of the account.
	Misconfigured
)

func (k Kind) String() string {
	switch k {
	case InvalidGrant:
		return "invalid-grant"
	case Misconfigured:
		return "misconfigured"
	default:
		return "transient"
	}
}

// TokenError is an answer without a token.
type TokenError struct {
	Kind        Kind
	Provider    string // the adapter's id
	Status      int    // HTTP status; 0 where nothing was sent
	Code        string // the error code, cleaned; "" where there is none
	Description string // in the provider's words or ours; cleaned, cut, without tokens
}

func (e *TokenError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: token request refused", e.Provider)
	if e.Code != "" {
		fmt.Fprintf(&b, ": %s", e.Code)
	}
	if e.Description != "" {
		fmt.Fprintf(&b, ": %s", e.Description)
	}
	if e.Status != 0 {
		fmt.Fprintf(&b, " (status %d)", e.Status)
	}
	return b.String()
}

// Hint is what to do about an adapter that the provider does not accept.
func (e *TokenError) Hint() string {
	if e.Kind != Misconfigured {
		return ""
	}
	return "kyoli providers show " + e.Provider
}
