package pools

import (
	"fmt"
	"strings"

	"github.com/kyoli-gam/kyoli/internal/shellquote"
)

// DamagedError is returned for a file that cannot be read wholly. It is never overwritten.
type DamagedError struct {
	// Path is the file.
	Path string
	// Offset is where, in bytes from the start of the file; Pointer is the same as a JSON pointer, or empty.
	Offset  int64
	Pointer string
	// Reason is what is wrong, in words; never the content.
	Reason string
}

// Error implements error.
func (e *DamagedError) Error() string {
	where := fmt.Sprintf("at byte %d", e.Offset)
	if e.Pointer != "" {
		where += " (" + e.Pointer + ")"
	}
	return fmt.Sprintf("%s is damaged: %s %s", e.Path, e.Reason, where)
}

// Hint is the command that moves the file out of the way, to begin anew.
func (e *DamagedError) Hint() string {
	return "mv " + shellquote.Word(e.Path) + " " + shellquote.Word(e.Path+".damaged")
}

// NotFoundError is returned for a name that no pool or chain has.
type NotFoundError struct {
	// Kind is "pool" or "chain", Name what was asked for.
	Kind, Name string
	// Path is where it was looked for, Names what there is.
	Path  string
	Names []string
}

// Error implements error.
func (e *NotFoundError) Error() string {
	if len(e.Names) == 0 {
		return fmt.Sprintf("no %s %q: %s has none", e.Kind, e.Name, e.Path)
	}
	return fmt.Sprintf("no %s %q in %s, which has: %s", e.Kind, e.Name, e.Path, strings.Join(e.Names, ", "))
}

// Hint says what the user can do.
func (e *NotFoundError) Hint() string {
	if len(e.Names) == 0 {
		return fmt.Sprintf("kyoli %ss create %q", e.Kind, e.Name)
	}
	return "kyoli " + e.Kind + "s list"
}

// NameError is returned for a name that a new pool or chain cannot have.
type NameError struct {
	// Kind is "pool" or "chain", Name what was asked for.
	Kind, Name string
	// Reason says why not.
	Reason string
}

// Error implements error.
func (e *NameError) Error() string { return fmt.Sprintf("%s %q %s", e.Kind, e.Name, e.Reason) }

// PlaceError is returned for a place that a list does not have.
type PlaceError struct {
	// Kind is "pool" or "chain", Name what it is called.
	Kind, Name string
	// Place is what was asked for, from 1; Most is the last one that there is.
	Place, Most int
}

// Error implements error.
func (e *PlaceError) Error() string {
	return fmt.Sprintf("%s %q has no place %d: 1 to %d", e.Kind, e.Name, e.Place, e.Most)
}
