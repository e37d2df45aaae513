package login

import (
	"fmt"
	"time"
)

// DeniedError says that the person, or the provider, said no.
type DeniedError struct {
	Provider string // the adapter's id
	Code     string // the error code, cleaned; "" where it could not be one
	Reason   string // in the provider's words; cleaned, "" where it gave none
}

// Error implements error.
func (e *DeniedError) Error() string {
	text := e.Provider + ": the login was refused"
	if e.Code == "access_denied" {
		text = e.Provider + ": the login was declined in the browser"
	} else if e.Code != "" {
		text += ": " + e.Code
	}
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	return text
}

// TimeoutError says that nobody logged in in time.
type TimeoutError struct {
	Provider string
	After    time.Duration
	// Device says that it was a device code that expired.
	Device bool
}

// Error implements error.
func (e *TimeoutError) Error() string {
	if e.Device {
		return e.Provider + ": the code expired before anybody entered it"
	}
	return fmt.Sprintf("%s: nobody logged in within %s", e.Provider, e.After)
}

// PortTakenError says that the address at which the browser would come back is
// in use.
type PortTakenError struct {
	Provider string
	Addr     string // host:port
	Port     int
	Err      error
}

// Error implements error.
func (e *PortTakenError) Error() string {
	return fmt.Sprintf("%s: the browser would come back to %s, which is in use", e.Provider, e.Addr)
}

// Unwrap returns what the system said.
func (e *PortTakenError) Unwrap() error { return e.Err }

// UnsupportedError says that an adapter has no login of the kind that was asked
// for.
type UnsupportedError struct {
	Provider string
	Reason   string // what is missing
}

// Error implements error.
func (e *UnsupportedError) Error() string { return e.Provider + ": " + e.Reason }

// Hint is a command that shows the adapter.
func (e *UnsupportedError) Hint() string { return "kyoli providers show " + e.Provider }

// NoRefreshTokenError says that a login brought no refresh token, and so would
// end with its access token.
type NoRefreshTokenError struct{ Provider string }

// Error implements error.
func (e *NoRefreshTokenError) Error() string {
	return e.Provider + ": the login brought no refresh token; most providers want offline_access among the adapter's scopes"
}

// Hint is a command that shows the adapter.
func (e *NoRefreshTokenError) Hint() string { return "kyoli providers show " + e.Provider }

// PasteError says what is wrong with what was pasted. It does not repeat it.
type PasteError struct{ Reason string }

// Error implements error.
func (e *PasteError) Error() string { return e.Reason }
