package provider

import (
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

// The checks return what is wrong with a value, "" where nothing is. They never
// quote it: a secret may have been put in the wrong place.

const maxValue = 1024

func checkLabel(s string) string {
	switch {
	case s == "" || len(s) > maxValue:
		return "want 1 to 1024 bytes"
	case strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }):
		return "want printable text"
	}
	return ""
}

var baseName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,120}\.json$`)

func checkBaseName(s string) string {
	if !baseName.MatchString(s) {
		return "want the name of a .json file without a directory"
	}
	return ""
}

var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,127}$`)

func checkEnvName(s string) string {
	if !envName.MatchString(s) {
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

var scopePattern = regexp.MustCompile(`^[!#-\[\]-~]{1,256}$`) // RFC 6749 appendix A.4

func checkScope(s string) string {
	if !scopePattern.MatchString(s) {
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
