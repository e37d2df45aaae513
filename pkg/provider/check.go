package provider

import (
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/kyoli-gam/kyoli/internal/hop"
)

// The checks return what is wrong with a value, "" where nothing is. They never
// quote it: a secret may have been put in the wrong place.

const maxValue = 1024

// name reports 1 to limit bytes, each of them allowed. It is in place of a
// regular expression, whose making every start of kyoli would pay for.
func name(s string, limit int, allowed func(byte) bool) bool {
	if s == "" || len(s) > limit {
		return false
	}
	for i := range len(s) {
		if !allowed(s[i]) {
			return false
		}
	}
	return true
}

func digit(c byte) bool { return c >= '0' && c <= '9' }
func lower(c byte) bool { return c >= 'a' && c <= 'z' }

func alphanumeric(c byte) bool { return digit(c) || lower(c|0x20) }

// oneOf adds characters to a class.
func oneOf(class func(byte) bool, more string) func(byte) bool {
	return func(c byte) bool { return class(c) || strings.IndexByte(more, c) >= 0 }
}

func checkLabel(s string) string {
	switch {
	case s == "" || len(s) > maxValue:
		return "want 1 to 1024 bytes"
	case strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }):
		return "want printable text"
	}
	return ""
}

func checkBaseName(s string) string {
	if !name(s, 128, oneOf(alphanumeric, "._-")) || !alphanumeric(s[0]) || !strings.HasSuffix(s, ".json") {
		return "want the name of a .json file without a directory"
	}
	return ""
}

func checkEnvName(s string) string {
	if !name(s, 128, oneOf(alphanumeric, "_")) || digit(s[0]) {
		return "want the name of an environment variable"
	}
	return ""
}

func checkExportName(s string) string {
	if strings.HasPrefix(strings.ToUpper(s), "KYOLI_") {
		return "KYOLI_ variables are kyoli's own"
	}
	return checkEnvName(s)
}

// scopeCharacter is RFC 6749's NQCHAR (appendix A.4).
func scopeCharacter(c byte) bool { return c > ' ' && c < 0x7f && c != '"' && c != '\\' }

func checkScope(s string) string {
	if !name(s, 256, scopeCharacter) {
		return "want words without space, quote or backslash"
	}
	return ""
}

func checkTokenRequest(s string) string {
	if s != "form" && s != "json" {
		return "want form or json"
	}
	return ""
}

func checkUsageFormat(s string) string {
	switch s {
	case UsageFormatAuto, UsageFormatOpenAI, UsageFormatAnthropic:
		return ""
	}
	return "want auto, openai or anthropic"
}

// loginParams are the parameters of an authorization request that kyoli sets.
var loginParams = []string{
	"client_id", "client_secret", "code_challenge", "code_challenge_method", "redirect_uri", "response_type", "scope", "state",
}

// checkParam takes the name of a further parameter of an authorization request.
func checkParam(s string) string {
	switch {
	case !name(s, 128, oneOf(alphanumeric, "_.-")):
		return "want the name of a parameter"
	case slices.Contains(loginParams, s):
		return "this parameter is set by kyoli itself"
	}
	return ""
}

// checkOption takes what can be the name of an option in OpenCode's configuration.
func checkOption(s string) string {
	if !name(s, 64, oneOf(alphanumeric, "_")) || digit(s[0]) {
		return "want the name of an option, such as baseURL"
	}
	return ""
}

func checkPattern(s string) string {
	if _, err := regexp.Compile(s); err != nil || s == "" || len(s) > maxValue {
		return "want a regular expression (RE2 syntax)"
	}
	return ""
}

func checkPath(s string) string {
	if len(s) > maxValue || !strings.HasPrefix(s, "/") || !hop.PlainPath(s) || strings.ContainsAny(s, "?#%") || !headerSafe(s) {
		return "want a path below the base URL, such as /responses"
	}
	return ""
}

func checkURL(s string) string {
	u, err := url.Parse(s)
	switch {
	case err != nil || len(s) > 2*maxValue || u.Hostname() == "" || u.Opaque != "":
		return "want a URL such as https://host/path"
	case u.User != nil:
		return "a URL must not hold a user name or password"
	case u.Fragment != "" || strings.HasSuffix(s, "#"):
		return "a URL must not hold a fragment"
	case u.Scheme == "https", u.Scheme == "http" && loopbackName(u.Hostname()):
		return ""
	case u.Scheme == "http":
		return "want https; plain http is for 127.0.0.1, ::1 and localhost only"
	}
	return "want https"
}

// loopbackName tells what may be spoken to in the clear. That localhost really
// is this machine is seen to when it is dialled.
func loopbackName(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Zone() == "" && ip.Unmap().IsLoopback()
}

// loopbackAddress is loopbackName for an address that is about to be dialled.
func loopbackAddress(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
