package migrate

import (
	"fmt"
	"time"

	"github.com/kyoli-gam/kyoli/internal/shellquote"
)

// AuthDamagedError is returned for an auth.json that OpenCode would read as
// empty, and for one that kyoli could not change without losing something
// (duplicate names, invalid UTF-8). The file stays as it is.
type AuthDamagedError struct {
	// Path is the file.
	Path string
	// Offset is the byte at which reading failed.
	Offset int64
	// Reason says what is wrong, without quoting the content.
	Reason string
}

// Error implements error.
func (e *AuthDamagedError) Error() string {
	return fmt.Sprintf("%s is damaged at byte %d: %s; it was left as it is", e.Path, e.Offset, e.Reason)
}

// Hint is a command that moves the file out of the way; OpenCode itself reads
// such a file as one without logins.
func (e *AuthDamagedError) Hint() string {
	return fmt.Sprintf("mv %s %s", shellquote.Word(e.Path), shellquote.Word(e.Path+".damaged"))
}

// BusyError is returned when auth.json never stood still for long enough to be
// read or written safely.
type BusyError struct {
	// Path is the file.
	Path string
	// Waited is how long was tried.
	Waited time.Duration
}

// Error implements error.
func (e *BusyError) Error() string {
	return fmt.Sprintf("%s was being written all the time (%s)", e.Path, e.Waited.Round(time.Second))
}

// ForeignLoginError is returned when auth.json holds a login that neither came
// from kyoli nor belongs to one of its accounts. It is never overwritten
// unless that is asked for.
type ForeignLoginError struct {
	// Path is the file, Key the entry in it, Type the entry's type.
	Path, Key string
	Type      EntryType
	// Provider is kyoli's name for the provider.
	Provider string
}

// Error implements error.
func (e *ForeignLoginError) Error() string {
	return fmt.Sprintf("%s has a login for %s (%s) that is not one of kyoli's accounts", e.Path, e.Key, e.Type)
}

// Hint is the command that takes the login over, or the one that replaces it
// where it cannot be taken over.
func (e *ForeignLoginError) Hint() string {
	if e.Type == OAuth {
		return "kyoli migrate auth-json --provider " + shellquote.Word(e.Provider) + " --merge"
	}
	return "kyoli sync-auth --provider " + shellquote.Word(e.Provider) + " --force"
}

// NotEmptyError is returned by [Import] for accounts that it would have added
// to a store that has accounts already.
type NotEmptyError struct {
	// Path is the account file.
	Path string
	// Provider is the provider whose accounts these are.
	Provider string
}

// Error implements error.
func (e *NotEmptyError) Error() string {
	return fmt.Sprintf("%s already has accounts; nothing was imported into it", e.Path)
}

// Hint is the command that merges.
func (e *NotEmptyError) Hint() string { return "kyoli migrate auth-json --merge" }

// IncompleteError is returned for an account that cannot be written to
// auth.json, because OpenCode ignores an entry without a refresh token, an
// access token and an expiry.
type IncompleteError struct {
	// Account is the account's name; Missing what it lacks.
	Account string
	Missing string
}

// Error implements error.
func (e *IncompleteError) Error() string {
	return fmt.Sprintf("account %s has no %s, and OpenCode would ignore such a login", e.Account, e.Missing)
}

// Hint is the command that gets the account a token.
func (e *IncompleteError) Hint() string { return "kyoli refresh " + shellquote.Word(e.Account) }

// NoAccountError is returned when there is no account to put into auth.json.
type NoAccountError struct {
	// Provider is kyoli's name for the provider, Path its account file.
	Provider, Path string
	// Some is whether there are accounts at all.
	Some bool
}

// Error implements error.
func (e *NoAccountError) Error() string {
	if e.Some {
		return "no account in " + e.Path + " has what OpenCode needs"
	}
	return "no accounts in " + e.Path
}

// Hint is the command that helps.
func (e *NoAccountError) Hint() string {
	if e.Some {
		return "kyoli accounts list --provider " + shellquote.Word(e.Provider)
	}
	return "kyoli accounts add --provider " + shellquote.Word(e.Provider)
}

// VaultError is returned for a vault that cannot be read. It is never
// overwritten, because it may hold the only copy of a token.
type VaultError struct {
	// Path is the vault, Reason what is wrong with it.
	Path   string
	Reason string
}

// Error implements error.
func (e *VaultError) Error() string {
	return fmt.Sprintf("cannot read the vault %s: %s", e.Path, e.Reason)
}

// Hint is the command that moves the vault out of the way.
func (e *VaultError) Hint() string {
	return fmt.Sprintf("mv %s %s", shellquote.Word(e.Path), shellquote.Word(e.Path+".damaged"))
}
