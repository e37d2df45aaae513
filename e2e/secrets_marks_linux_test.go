package e2e_test

import (
	"bufio"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// What a secretCase seals with, and its client secret.
const (
	secretPassphrase = "correct horse battery staple"
	secretOfClient   = "cs_0123456789abcdef"
)

// mark is a kind of secret, and how it is known where it turns up.
type mark struct {
	name  string
	looks *regexp.Regexp
}

// marks are those of internal/fakeprovider, of sweptAuthJSON, of kyoli and of age.
type marks []mark

var knownMarks = marks{
	{"a refresh token", regexp.MustCompile(`rt_[0-9a-f]{32}|\bacme-r\b`)},
	{"an access token", regexp.MustCompile(`eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0\.[\w-]+\.[0-9a-f]{32}|\bacme-a\b`)},
	{"an API key", regexp.MustCompile(`\bsk-or\b`)},
	{"an authorization code", regexp.MustCompile(`ac_[0-9a-f]{32}`)},
	{"a device code", regexp.MustCompile(`dc_[0-9a-f]{32}`)},
	{"a secret of the proxy", regexp.MustCompile(`kyr_[\w-]{43}`)},
	{"a passphrase", regexp.MustCompile(secretPassphrase)},
	{"a client secret", regexp.MustCompile(secretOfClient)},
	{"an age identity", regexp.MustCompile(`AGE-SECRET-KEY-1[0-9A-Z]{58}`)},
}

// marks are the known ones, and what cannot be told by its looks but was seen at the provider.
func (s *swept) marks() marks {
	all := slices.Clone(knownMarks)
	for _, r := range s.provider.Requests() {
		form, err := url.ParseQuery(r.Body)
		if verifier := form.Get("code_verifier"); err == nil && verifier != "" {
			all = append(all, mark{"a PKCE verifier", regexp.MustCompile(regexp.QuoteMeta(verifier))})
		}
	}
	return all
}

// The places at which a secret may be seen.
const (
	inArguments   = "the arguments of a process"
	inEnvironment = "the environment of a process"
	inStdout      = "stdout"
	inStderr      = "stderr"
	inPicture     = "a picture on the terminal"
	inFile        = "a file" // that is not made to hold it
	inName        = "a file's name"
	inPipe        = "a pipe"
	inTerminal    = "the terminal"
	inConnection  = "a connection" // to somebody else than the provider
)

// in says which kinds of secret a text has.
func (m marks) in(where, text string) []string {
	var leaks []string
	for _, one := range m {
		if one.looks.MatchString(text) {
			leaks = append(leaks, one.name+" in "+where)
		}
	}
	return leaks
}

// holders are the files in HOME whose job it is to hold secrets, with what is renamed to them.
var holders = []struct {
	path  *regexp.Regexp
	kinds []string
}{
	{
		regexp.MustCompile(`^\.config/opencode/((openai|acme)-multi-account-accounts\.json(\.last-good|\.damaged-[0-9a-f]+|\.journal/.*)?|` +
			`\.(openai|acme)-multi-account-accounts\.json(\.last-good|\.damaged-[0-9a-f]+)?\.kyoli-[^/]*)$`),
		[]string{"a refresh token", "an access token"},
	},
	{
		regexp.MustCompile(`^\.local/share/opencode/(auth\.json|\.auth\.json\.kyoli-[^/]*)$|^\.local/state/kyoli/vault/`),
		[]string{"a refresh token", "an access token", "an API key"},
	},
	{regexp.MustCompile(`^\.local/share/kyoli/(identity\.txt|\.identity\.txt\.kyoli-[^/]*)$`), []string{"an age identity"}},
}

// inPlace says which kinds of secret a file has that are not its job.
func (m marks) inPlace(s *swept, path, text string) []string {
	others := m
	if rel, err := filepath.Rel(s.dir, path); err == nil {
		for _, h := range holders {
			if h.path.MatchString(rel) {
				others = slices.DeleteFunc(slices.Clone(m), func(one mark) bool { return slices.Contains(h.kinds, one.name) })
			}
		}
	}
	return others.in(inFile+" ("+regexp.MustCompile(`[0-9a-f]{8,}|[0-9]+`).ReplaceAllString(filepath.Base(path), "N")+")", text)
}

// inFiles looks at all files under a directory but those that the case itself has made.
func (m marks) inFiles(s *swept, dir string) []string {
	s.t.Helper()
	var leaks []string
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if given, ok := s.given[path]; !ok || given != string(content) {
			leaks = append(leaks, m.inPlace(s, path, string(content))...)
		}
		return err
	})
	if err != nil {
		s.t.Error(err)
	}
	return leaks
}

// telling are the system calls by which a secret gets out of a process.
var telling = []string{
	"execve", "write", "writev", "pwrite64", "pwritev", "pwritev2", "sendto", "sendmsg", "sendmmsg", "memfd_create",
	"openat", "mkdirat", "renameat", "renameat2", "linkat", "symlinkat",
}

// inTrace reads what strace has written of telling.
// What kyoli itself was given in its environment it has there.
func (m marks) inTrace(s *swept, log string, given []string) []string {
	s.t.Helper()
	f, err := os.Open(log)
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	calls, err := parseTrace(bufio.NewReader(f))
	if err != nil {
		s.t.Fatal(err)
	}
	var leaks []string
	started := 0
	for _, c := range calls {
		switch c.name {
		case "execve":
			started++
			if started == 1 {
				c.args = slices.DeleteFunc(c.args, func(arg string) bool {
					return slices.Contains(given, strings.TrimRight(strings.TrimLeft(arg, `["`), `]"`))
				})
			}
			env := 1 + slices.IndexFunc(c.args[1:], func(a string) bool { return strings.HasSuffix(a, "]") })
			leaks = append(leaks, m.in(inArguments, strings.Join(c.args[:env+1], " "))...)
			leaks = append(leaks, m.in(inEnvironment, strings.Join(c.args[env+1:], " "))...)
		case "memfd_create", "openat", "mkdirat", "renameat", "renameat2", "linkat", "symlinkat":
			leaks = append(leaks, m.in(inName, strings.Join(c.args, " "))...)
		default:
			leaks = append(leaks, m.inWritten(s, c.fd(0), strings.Join(c.args[1:], " "))...)
		}
	}
	if started == 0 {
		s.t.Error("the trace has no process")
	}
	return leaks
}

// inWritten judges what is written to a descriptor.
func (m marks) inWritten(s *swept, to, text string) []string {
	switch {
	case strings.HasPrefix(to, "TCP") && strings.HasSuffix(strings.TrimSuffix(to, "]"), "->"+strings.TrimPrefix(s.url, "http://")):
		return nil // the provider, which knows them
	case strings.HasPrefix(to, "TCP"), strings.HasPrefix(to, "UNIX"), strings.HasPrefix(to, "socket"):
		return m.in(inConnection, text)
	case strings.HasPrefix(to, "pipe:"), strings.HasPrefix(to, "anon_inode"):
		return m.in(inPipe, text)
	case strings.HasPrefix(to, "/dev/pts/"), strings.HasPrefix(to, "/dev/tty"):
		return m.in(inTerminal, text)
	}
	return m.inPlace(s, to, text)
}
