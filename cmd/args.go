package cmd

import (
	"os"
	"strings"
	"unicode"
)

// refuseSecrets refuses a command line with a token in it, before anything can
// echo it: the arguments of a process are open to every user of the machine.
// What follows "--" is another program's business.
func refuseSecrets(args []string) error {
	for i, arg := range beforeDashes(args) {
		value := arg
		if strings.HasPrefix(arg, "-") {
			_, value, _ = strings.Cut(arg, "=")
		}
		if looksSecret(value) && !isFile(value) {
			return usageErrorf("kyoli accounts add --refresh-token-stdin < token.txt",
				"argument %d looks like a token: refused, for everyone on this machine can see it in the process list", i+1)
		}
	}
	return nil
}

const (
	minPrefixed = 20
	minRandom   = 40
)

// looksSecret tells whether s has the form of a credential: a JWT, a prefix that
// the providers use, or a long run of mixed letters and digits.
func looksSecret(s string) bool {
	if strings.ContainsFunc(s, func(r rune) bool { return !isTokenRune(r) }) {
		return false
	}
	for _, prefix := range []string{"eyJ", "sk-", "rt_", "rt-", "ya29.", "gho_", "ghp_", "ghu_", "github_pat_", "AGE-SECRET-KEY-"} {
		if strings.HasPrefix(s, prefix) && len(s) >= minPrefixed {
			return true
		}
	}
	return len(s) >= minRandom && !isPath(s) && isMixed(s)
}

func isTokenRune(r rune) bool {
	return r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-._~+/=", r))
}

func isPath(s string) bool {
	if strings.HasPrefix(s, "/") || strings.HasPrefix(s, ".") || strings.HasPrefix(s, "~") {
		return true
	}
	dot := strings.LastIndexByte(s, '.')
	return dot >= 0 && len(s)-dot <= len(".jsonl")
}

func isMixed(s string) bool {
	return strings.ContainsFunc(s, unicode.IsDigit) &&
		strings.ContainsFunc(s, unicode.IsUpper) && strings.ContainsFunc(s, unicode.IsLower)
}

func isFile(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
