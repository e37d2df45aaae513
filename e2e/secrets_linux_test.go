package e2e_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

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
	log, temp := filepath.Join(t.TempDir(), "trace"), t.TempDir()
	args := append([]string{}, c.words(command)...)
	for _, arg := range append([]string{"--debug"}, c.args...) {
		args = append(args, strings.ReplaceAll(arg, "URL", s.url))
	}
	cmd := s.command(shipped(t), args...)
	cmd.Env = append(append(cmd.Env, "TMPDIR="+temp, "GOTRACEBACK=all"), c.env...)
	cmd = straced(cmd, "-yy", "-v", "-xx", "-s", "8388608", "-o", log, "-e", "signal=none", "-e", "trace="+strings.Join(telling, ","))
	if c.stdin != nil {
		cmd.Stdin = strings.NewReader(c.stdin(s))
	}
	p := startPlayed(t, cmd, c.terminal)
	if c.play != nil {
		c.play(s, p)
	}
	if err := p.wait(); (err != nil) != c.fails {
		t.Errorf("kyoli %s: %v: %s", command, err, p.stderr.all())
	}
	m := s.marks()
	leaks := append(m.inTrace(s, log, c.env), m.in(inStdout, p.stdout.all())...)
	leaks = append(append(leaks, m.in(inStderr, p.stderr.all())...), m.in(inPicture, p.drawn())...)
	leaks = append(append(leaks, m.inFiles(s, s.dir)...), m.inFiles(s, temp)...)
	slices.Sort(leaks)
	for _, leak := range slices.Compact(leaks) {
		if !slices.Contains(c.allowed, leak) {
			t.Error(leak)
		}
	}
}
