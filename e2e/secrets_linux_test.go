package e2e_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The tokens of internal/fakeprovider, and of sweptAuthJSON.
var (
	refreshMark = regexp.MustCompile(`rt_[0-9a-f]{32}|\bacme-r\b`)
	accessMark  = regexp.MustCompile(`eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0\.[\w-]+\.[0-9a-f]{32}|\bacme-a\b`)
	keyMark     = regexp.MustCompile(`\bsk-or\b`)
)

// leaks are the places at which a token may be seen.
const (
	inArguments   = "the arguments of a process"
	inEnvironment = "the environment of a process"
	inStdout      = "stdout"
	inStderr      = "stderr"
	inFile        = "a file" // that is not made to hold tokens
	inOther       = "a pipe"
)

// holdsTokens are the files whose job it is, in HOME, with what is renamed to them.
var holdsTokens = regexp.MustCompile(`^\.config/opencode/(openai-multi-account-accounts\.json(\.last-good|\.journal/.*)?|` +
	`\.openai-multi-account-accounts\.json(\.last-good|\.damaged-[0-9a-f]+)?\.kyoli-[^/]*)$|` +
	`^\.local/share/opencode/(auth\.json|\.auth\.json\.kyoli-[^/]*)$|^\.local/state/kyoli/vault/`)

// Every command, with --debug: what each of its processes is started with and what each writes, to whatever it writes,
// holds no token, but where to hold one is what the command is for.
func TestFaultSecrets(t *testing.T) {
	needStrace(t)
	for _, command := range commandTree(t) {
		cases := secretCases[command]
		if len(cases) == 0 {
			t.Errorf("kyoli %s has no case in secretCases: how does it treat tokens?", command)
		}
		for i, c := range cases {
			t.Run(fmt.Sprintf("%s %d", command, i), func(t *testing.T) {
				t.Parallel()
				c.run(t, command)
			})
		}
	}
}

// commandTree lists all commands that do something themselves: those that have a man page and no commands under them,
// and the hidden ones.
func commandTree(t *testing.T) []string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command(shipped(t), "generate", "man", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	pages, err := filepath.Glob(filepath.Join(dir, "*.1"))
	if err != nil || len(pages) < 40 {
		t.Fatalf("%d man pages, %v", len(pages), err)
	}
	var names []string
	for _, page := range pages {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(page), "kyoli"), ".1")
		names = append(names, strings.TrimPrefix(name, "-"))
	}
	tree := []string{"generate"}
	for _, name := range names {
		parent := slices.ContainsFunc(names, func(other string) bool { return other != name && strings.HasPrefix(other, name+"-") })
		if name == "" || parent && secretCases[name] == nil || strings.HasPrefix(name, "completion") {
			continue
		}
		tree = append(tree, name)
	}
	return tree
}

func (c secretCase) run(t *testing.T, command string) {
	s := newSwept(t)
	for _, args := range c.before {
		s.next(args...)
	}
	if c.prepare != nil {
		c.prepare(s)
	}
	out := t.TempDir()
	log := filepath.Join(out, "trace")
	args := append([]string{}, c.words(command)...)
	cmd := s.command(shipped(t), append(append(args, "--debug"), c.args...)...)
	cmd.Env = append(cmd.Env, "TMPDIR="+t.TempDir(), "GOTRACEBACK=all")
	cmd = straced(cmd, "-yy", "-v", "-xx", "-s", "8388608", "-o", log, "-e", "signal=none",
		"-e", "trace=execve,write,writev,pwrite64,sendto,sendmsg,memfd_create")
	if c.stdin != nil {
		cmd.Stdin = strings.NewReader(c.stdin(s))
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); (err != nil) != c.fails {
		t.Errorf("kyoli %s: %v: %s", command, err, stderr.String())
	}
	for _, leak := range append(leaksOf(s, log), leaksIn(inStdout, stdout.String())...) {
		c.judge(t, leak)
	}
	for _, leak := range leaksIn(inStderr, stderr.String()) {
		c.judge(t, leak)
	}
}

func (c secretCase) judge(t *testing.T, leak string) {
	t.Helper()
	if !slices.Contains(c.allowed, leak) {
		t.Errorf("%s", leak)
	}
}

// leaksIn says which kinds of token a text has.
func leaksIn(where, text string) []string {
	var leaks []string
	if refreshMark.MatchString(text) {
		leaks = append(leaks, "a refresh token in "+where)
	}
	if accessMark.MatchString(text) {
		leaks = append(leaks, "an access token in "+where)
	}
	if keyMark.MatchString(text) {
		leaks = append(leaks, "an API key in "+where)
	}
	return leaks
}

// leaksOf reads a trace.
func leaksOf(s *swept, log string) []string {
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
		if c.name == "execve" {
			started++
			env := 1 + slices.IndexFunc(c.args[1:], func(a string) bool { return strings.HasSuffix(a, "]") })
			leaks = append(leaks, leaksIn(inArguments, strings.Join(c.args[:env+1], " "))...)
			leaks = append(leaks, leaksIn(inEnvironment, strings.Join(c.args[env+1:], " "))...)
			continue
		}
		where, told := s.written(c)
		if told {
			leaks = append(leaks, leaksIn(where, strings.Join(c.args[1:], " "))...)
		}
	}
	if started == 0 {
		s.t.Error("the trace has no process")
	}
	slices.Sort(leaks)
	return slices.Compact(leaks)
}

// written says where a call writes to, and whether no token may be there.
func (s *swept) written(c syscallLine) (where string, told bool) {
	to := c.fd(0)
	rel, err := filepath.Rel(s.dir, to)
	switch {
	case strings.HasPrefix(to, "TCP") || strings.HasPrefix(to, "UNIX") || strings.HasPrefix(to, "socket"):
		return "", false // the provider, which knows them
	case strings.HasPrefix(to, "pipe:") || strings.HasPrefix(to, "anon_inode"):
		return inOther, true
	case err == nil && holdsTokens.MatchString(rel):
		return "", false
	}
	return inFile + " (" + regexp.MustCompile(`[0-9a-f]{8,}|[0-9]+`).ReplaceAllString(filepath.Base(to), "N") + ")", true
}
