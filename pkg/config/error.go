package config

import (
	"fmt"
	"strings"
)

// Error is a fault in a settings file, or in a key or value to be set (File is
// "" then). It does not quote values, which may be secrets in the wrong place.
type Error struct {
	File    string
	Line    int    // from 1; 0 where it is not at a line
	Key     string // with dots: "providers.openai.quiet_mode"; "" for the file as a whole
	Reason  string
	Allowed []string // the keys or values there are, nil where a list does not help
}

func (e *Error) Error() string {
	var b strings.Builder
	switch {
	case e.File != "" && e.Line > 0:
		fmt.Fprintf(&b, "%s:%d: ", e.File, e.Line)
	case e.File != "":
		fmt.Fprintf(&b, "%s: ", e.File)
	}
	if e.Key != "" {
		fmt.Fprintf(&b, "key %q: ", e.Key)
	}
	b.WriteString(e.Reason)
	if len(e.Allowed) > 0 {
		fmt.Fprintf(&b, " (allowed: %s)", strings.Join(e.Allowed, ", "))
	}
	return b.String()
}

// Hint is a command that shows the settings there are, or where their file is.
func (e *Error) Hint() string {
	if e.File != "" {
		return "kyoli config path"
	}
	return "kyoli config list"
}
