package provider

import (
	"regexp"
	"strings"
	"sync"
	"unicode"
)

const maxDescription = 200 // runes

// cleanCode keeps what can be an error code, and drops the rest.
func cleanCode(code string) string {
	if !name(code, 64, oneOf(alphanumeric, "_.-")) || looksSecret(code) {
		return ""
	}
	return code
}

// clean makes a provider's words fit to be shown and logged: one line without
// control, bidi and escape characters, cut, and without tokens, which some
// servers repeat.
func (p *parser) clean(s string) string {
	if p.raw.spent != "" {
		s = strings.ReplaceAll(s, p.raw.spent, redacted)
	}
	if len(s) > 8*maxDescription {
		s = strings.ToValidUTF8(s[:8*maxDescription], "")
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unprintable(r):
			return -1
		}
		return r
	}, s)
	s = word().ReplaceAllStringFunc(s, func(w string) string {
		if looksSecret(w) {
			return redacted
		}
		return w
	})
	return cut(strings.Join(strings.Fields(s), " "))
}

func cut(s string) string {
	runes := []rune(s)
	if len(runes) <= maxDescription {
		return s
	}
	return string(runes[:maxDescription-1]) + "…"
}

const redacted = "[redacted]"

// word is a run of the characters that tokens are made of (RFC 6750 section
// 2.1, with some that turn up as well). Few runs of kyoli need it.
var word = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[A-Za-z0-9._~+/=:$%-]+`) })

// looksSecret takes every long word with a digit in it for a token, and every
// very long one; a request id that goes the same way is no loss.
func looksSecret(w string) bool {
	return len(w) >= 48 || len(w) >= 16 && strings.ContainsFunc(w, unicode.IsDigit)
}

// CleanError makes an error code and a description, as a provider sends them,
// fit to be shown and logged. What cannot be a code is dropped.
func CleanError(code, description string) (cleanedCode, cleanedDescription string) {
	p := parser{raw: &RawAnswer{}}
	return cleanCode(code), p.clean(description)
}
