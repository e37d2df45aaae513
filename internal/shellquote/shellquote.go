// Package shellquote makes texts safe to paste into a shell, for the commands that messages name. It promises that
// what is quoted is one word, and the same word, to any POSIX shell.
package shellquote

import "strings"

// plain are the characters, beside letters and digits, that no shell takes for anything else.
const plain = "/._-+@:%=,"

// Word returns s as one word of a command line: as it is where that is safe, else in single quotes.
func Word(s string) string {
	if s != "" && !strings.ContainsFunc(s, special) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func special(r rune) bool {
	letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
	return !letter && !strings.ContainsRune(plain, r)
}
