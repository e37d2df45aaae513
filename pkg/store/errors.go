package store

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
	"github.com/kyoli-gam/kyoli/internal/shellquote"
)

// DamagedError is returned for a file that cannot be read wholly. It is never overwritten.
type DamagedError struct {
	Path    string
	Offset  int64  // bytes from the start of the file
	Pointer string // where, as a JSON pointer, or empty
	Reason  string // what is wrong; never the content
	Backup  string // a copy of the content, or empty where none could be made
	// LastGood is the file that has the last content that could be read, or empty where there is none.
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

// Hint is the command that restores the last good content, or the one that says what else can be done.
func (e *DamagedError) Hint() string {
	if e.LastGood == "" {
		return "kyoli doctor"
	}
	return "kyoli doctor --fix"
}

// VersionError is returned when a file of a later version would have to be written, or cannot be read.
type VersionError struct {
	Path    string
	Version string // as the file has it
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("%s has version %s, which this kyoli does not write", e.Path, e.Version)
}

// Hint is the command that gets a kyoli that may know the version.
func (e *VersionError) Hint() string { return "go install github.com/kyoli-gam/kyoli@latest" }

// SpentError is returned for an account whose refresh token was spent without an answer that could be kept.
type SpentError struct {
	Path   string
	Name   string // of the account
	Reason string
}

func (e *SpentError) Error() string {
	return fmt.Sprintf("the refresh token of %s in %s is spent: %s", e.Name, e.Path, e.Reason)
}

// Hint is the command that takes a new login.
func (e *SpentError) Hint() string { return "kyoli login --account " + shellquote.Word(e.Name) }

// ReplacedError is returned for a new credential whose account was given another login while the provider was asked.
// The credential is kept in the journal for the case that the other one dies.
type ReplacedError struct {
	Path string
	Name string // of the account
}

func (e *ReplacedError) Error() string {
	return fmt.Sprintf("account %s in %s was given another login while its token was being renewed", e.Name, e.Path)
}

// Hint is the command that goes on with the new login.
func (e *ReplacedError) Hint() string { return "kyoli refresh " + shellquote.Word(e.Name) }

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

// Hint is the command that lists the accounts.
func (e *UnknownAccountError) Hint() string { return "kyoli accounts list" }

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

// Hint is a command that names one of them by its uuid.
func (e *AmbiguousAccountError) Hint() string {
	if len(e.Candidates) == 0 {
		return "kyoli accounts list"
	}
	uuid, _, _ := strings.Cut(e.Candidates[0], " ")
	return "kyoli accounts show " + shellquote.Word(uuid)
}

// ReadError is returned when the system refused to read.
type ReadError struct {
	Path string
	Err  error
}

func (e *ReadError) Error() string { return fmt.Sprintf("cannot read %s: %v", e.Path, bare(e.Err)) }

// Unwrap returns the system's error.
func (e *ReadError) Unwrap() error { return e.Err }

// Hint is the command that shows whose the file is, and what it is.
func (e *ReadError) Hint() string { return lookInto(e.Path, e.Err) }

// WriteError is returned when the system refused to write. What was there before is still there.
type WriteError struct {
	Path string
	Err  error
}

func (e *WriteError) Error() string { return fmt.Sprintf("cannot write %s: %v", e.Path, bare(e.Err)) }

// Unwrap returns the system's error.
func (e *WriteError) Unwrap() error { return e.Err }

// Hint is the command that shows what stands in the way.
func (e *WriteError) Hint() string {
	if errors.Is(e.Err, syscall.ENOSPC) {
		return "df -h " + shellquote.Word(filepath.Dir(e.Path))
	}
	return lookInto(e.Path, e.Err)
}

// lookInto is the command that says what is wrong with the permissions, or shows what there is.
func lookInto(path string, err error) string {
	for _, known := range []error{atomicfile.ErrForeign, fs.ErrPermission, syscall.EROFS} {
		if errors.Is(err, known) {
			return "kyoli doctor"
		}
	}
	return "ls -ld " + shellquote.Word(filepath.Dir(path)) + " " + shellquote.Word(path)
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
