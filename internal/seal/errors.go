package seal

import "fmt"

// KeyError is returned where the key is not to be had. Nothing that needs it was done.
type KeyError struct {
	Scheme Scheme
	Where  string // the place in words, with the path of a file
	Err    error
	Way    string // a command that helps
}

func (e *KeyError) Error() string {
	return fmt.Sprintf("the key of the sealed tokens is not to be had: %s: %v", e.Where, e.Err)
}

// Unwrap returns why.
func (e *KeyError) Unwrap() error { return e.Err }

// Hint says what the user can do.
func (e *KeyError) Hint() string { return e.Way }

// OpenError is returned for a sealed text that the key does not open.
type OpenError struct {
	Scheme Scheme
	Reason string
}

func (e *OpenError) Error() string { return e.Reason }
