package claims

import (
	"errors"
	"fmt"
	"strings"
)

// ErrBusy is returned (or wrapped) by a chooser when all accounts that would do are held. [Store.Wait]
// then waits for one of Choice.Wants.
var ErrBusy = errors.New("all accounts that would do are held by other processes")

// errNoSession is returned for a holder without an id, which nobody could release.
var errNoSession = errors.New("a claim needs a session id")

// TakenError says that an account cannot be had because of those that hold it.
type TakenError struct {
	// UUID is the account.
	UUID string
	// Holders are those that hold it.
	Holders []Holder
}

// Error implements error.
func (e *TakenError) Error() string {
	who := make([]string, 0, len(e.Holders))
	for _, h := range e.Holders {
		who = append(who, fmt.Sprintf("process %d", h.PID))
	}
	return fmt.Sprintf("account %s is held by %s", e.UUID, strings.Join(who, ", "))
}

// Is makes a TakenError an [ErrBusy].
func (e *TakenError) Is(target error) bool { return target == ErrBusy }

// ReleasedError says that a claim was released by hand while its process went on.
type ReleasedError struct {
	// UUID is the account.
	UUID string
	// ID is the session.
	ID string
}

// Error implements error.
func (e *ReleasedError) Error() string {
	return fmt.Sprintf("the claim of session %s on account %s was released by hand", e.ID, e.UUID)
}

// VersionError says that a later kyoli has written the claims.
type VersionError struct {
	// Path is the file.
	Path string
	// Version is what it says.
	Version int
}

// Error implements error.
func (e *VersionError) Error() string {
	return fmt.Sprintf("%s has version %d, and this kyoli knows %d at most", e.Path, e.Version, version)
}

// Hint is the command that gets a kyoli that may know the version.
func (e *VersionError) Hint() string { return "go install github.com/kyoli-gam/kyoli@latest" }

// damagedError says that a claims file cannot be parsed.
type damagedError struct {
	path   string
	reason string
}

func (e *damagedError) Error() string { return e.path + " is damaged: " + e.reason }
