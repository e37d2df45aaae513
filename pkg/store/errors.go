package store

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
)

// DamagedError is returned for a file that cannot be read wholly. It is never overwritten.
type DamagedError struct {
	Path    string
	Offset  int64  // bytes from the start of the file
	Pointer string // where, as a JSON pointer, or empty
	Reason  string // what is wrong; never the content
	Backup  string // a copy of the content, or empty where none could be made
	// LastGood is the last content that could be read, or empty where there is none.
	LastGood string

	content []byte // to be backed up
}

func (e *DamagedError) Error() string {
	where := fmt.Sprintf("at byte %d", e.Offset)
	if e.Pointer != "" {
		where += " (" + e.Pointer + ")"
	}
	text := fmt.Sprintf("%s is damaged: %s %s", e.Path, e.Reason, where)
	if e.Backup != "" {
		text += "; a copy is in " + e.Backup
	}
	return text
}

// Hint says what the user can do.
func (e *DamagedError) Hint() string {
	if e.LastGood == "" {
		return "mend the file by hand, or move it away and add the accounts again: kyoli accounts add"
	}
	return fmt.Sprintf("mend the file by hand, or go back to the last good one: cp %q %q", e.LastGood, e.Path)
}

// VersionError is returned when a file of a later version would have to be written, or cannot be read.
type VersionError struct {
	Path    string
	Version string // as the file has it
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("%s has version %s, which this kyoli does not write", e.Path, e.Version)
}

// Hint says what the user can do.
func (e *VersionError) Hint() string { return "use a newer kyoli for this file; see: kyoli version" }

// SpentError is returned for an account whose refresh token was spent without an answer that could be kept.
type SpentError struct {
	Path   string
	Name   string // of the account
	Reason string
}

func (e *SpentError) Error() string {
	return fmt.Sprintf("the refresh token of %s in %s is spent: %s", e.Name, e.Path, e.Reason)
}

// Hint says what the user can do.
func (e *SpentError) Hint() string {
	return "log in again: kyoli login --account '" + strings.ReplaceAll(e.Name, "'", `'\''`) + "'"
}

// ReplacedError is returned for a new credential whose account was given another login while the provider was asked.
// The credential is kept in the journal for the case that the other one dies.
type ReplacedError struct {
	Path string
	Name string // of the account
}

func (e *ReplacedError) Error() string {
	return fmt.Sprintf("account %s in %s was given another login while its token was being renewed", e.Name, e.Path)
}

// Hint says what the user can do.
func (e *ReplacedError) Hint() string { return "try again: the new login is used" }

// UnsavedError is returned for a new credential that could not be written to the account file.
type UnsavedError struct {
	Path    string
	Name    string // of the account
	Journal string // the file in which it is kept, or empty where it could not be written there either
	Err     error
}

func (e *UnsavedError) Error() string {
	if e.Journal == "" {
		return fmt.Sprintf("the new token of %s is lost, neither %s nor its journal could be written: %v", e.Name, e.Path, e.Err)
	}
	return fmt.Sprintf("%v; the new token of %s is safe in %s, and the next command puts it in its place once that can be done",
		e.Err, e.Name, e.Journal)
}

// Unwrap returns why it could not be written.
func (e *UnsavedError) Unwrap() error { return e.Err }

// UnknownAccountError is returned for a name that no account has.
type UnknownAccountError struct {
	Name string
	File string
}

func (e *UnknownAccountError) Error() string {
	return fmt.Sprintf("no account %q in %s", e.Name, e.File)
}

// Hint says what the user can do.
func (e *UnknownAccountError) Hint() string { return "list the accounts: kyoli accounts list" }

// AmbiguousAccountError is returned for a name that several accounts have.
type AmbiguousAccountError struct {
	Name       string
	Candidates []string // each "<uuid> (<label, e-mail>)"
}

// Ambiguous returns the error for a name that several accounts have.
func Ambiguous(name string, found []*Account) *AmbiguousAccountError {
	return &AmbiguousAccountError{Name: name, Candidates: candidates(found)}
}

func (e *AmbiguousAccountError) Error() string {
	return fmt.Sprintf("%q names %d accounts: %s", e.Name, len(e.Candidates), strings.Join(e.Candidates, ", "))
}

// Hint says what the user can do.
func (e *AmbiguousAccountError) Hint() string { return "name the account by its uuid" }

// ReadError is returned when the system refused to read.
type ReadError struct {
	Path string
	Err  error
}

func (e *ReadError) Error() string { return fmt.Sprintf("cannot read %s: %v", e.Path, bare(e.Err)) }

// Unwrap returns the system's error.
func (e *ReadError) Unwrap() error { return e.Err }

// Hint says what the user can do.
func (e *ReadError) Hint() string {
	if errors.Is(e.Err, fs.ErrPermission) {
		return "run kyoli as the user that the file belongs to"
	}
	return "check the path, and the disk"
}

// WriteError is returned when the system refused to write. What was there before is still there.
type WriteError struct {
	Path string
	Err  error
}

func (e *WriteError) Error() string { return fmt.Sprintf("cannot write %s: %v", e.Path, bare(e.Err)) }

// Unwrap returns the system's error.
func (e *WriteError) Unwrap() error { return e.Err }

// Hint says what the user can do.
func (e *WriteError) Hint() string {
	switch {
	case errors.Is(e.Err, atomicfile.ErrForeign):
		return "run kyoli as the user that the file belongs to"
	case errors.Is(e.Err, syscall.ENOSPC):
		return "make room on the disk and try again"
	case errors.Is(e.Err, syscall.EROFS), errors.Is(e.Err, fs.ErrPermission):
		return "choose a directory that you may write: --config-dir DIR or KYOLI_CONFIG_DIR"
	}
	return "check the disk and try again"
}

// bare takes off what would name a path twice, or a temporary file.
func bare(err error) error {
	var write *atomicfile.Error
	if errors.As(err, &write) {
		return fmt.Errorf("%s: %w", write.Step, write.Err)
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
