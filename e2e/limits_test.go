//go:build unix

package e2e_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	// limitsTime is how long a command may take over an input that is too long or never comes.
	limitsTime = 30 * time.Second
	// limitsMemory is what it may take, in bytes: some times the longest input that is read, which is 64 MiB.
	limitsMemory = 512 << 20
)

// limitCase is a file of kyoli's, or one that it looks for itself, and a command that reads it.
type limitCase struct {
	file   string
	before []string // a command that makes it
	args   []string
	passes bool // the command can do without the file
	// longPasses: a file that is too long is as good as none, and set aside by the next write.
	longPasses bool
	// streamed files may be of any length, as they are read bit by bit or not at all.
	streamed bool
}

var limitCases = []limitCase{
	{file: sweptAccounts, args: []string{"accounts", "list"}},
	{file: sweptAccounts, args: []string{"exec", "--", "true"}},
	{file: sweptAccounts + ".last-good", args: []string{"refresh", "two", "--force"}, passes: true},
	{file: sweptAccounts + ".flock", args: []string{"accounts", "use", "one"}, passes: true, streamed: true},
	{file: ".config/opencode/openai-multi-account-claims.json", args: []string{"claims", "list"}, longPasses: true},
	{file: ".config/opencode/openai-multi-account-claims.kyoli.json", args: []string{"claims", "list"}, longPasses: true},
	{file: ".config/opencode/multiauth-pools.json", args: []string{"pools", "list"}},
	{file: sweptSettings, args: []string{"config", "list"}},
	{file: sweptSettings, args: []string{"config", "set", "quiet_mode", "true"}},
	{file: ".config/opencode/codex-multiauth.json", args: []string{"config", "list", "--provider", "openai"}},
	{file: ".config/opencode/opencode.json", args: []string{"doctor"}, passes: true},
	{file: sweptAuth, args: []string{"sync-auth", "--account", "two"}},
	{file: sweptAuth, args: []string{"migrate", "auth-json"}},
	{file: ".codex/auth.json", args: []string{"import", "--from", "codex"}},
	{file: ".local/state/kyoli/events.jsonl", args: []string{"events"}, streamed: true},
	{file: ".local/state/kyoli/events.jsonl", args: []string{"accounts", "use", "one"}, passes: true, streamed: true},
	{file: ".local/state/kyoli/proxy-tokens.json", args: []string{"proxy", "token", "list"}},
	{
		file: ".local/share/kyoli/identity.txt", before: []string{"config", "set", "storage.encryption", "age"},
		args: []string{"refresh", "two", "--force"},
	},
}

const tooLong = "8 GiB"

// inPlace are what can lie in a file's place.
var inPlace = map[string]func(path string) error{
	"a FIFO that nobody writes to": func(path string) error { return syscall.Mkfifo(path, 0o600) },
	"a link to a FIFO": func(path string) error {
		return errors.Join(syscall.Mkfifo(path+".fifo", 0o600), os.Symlink(path+".fifo", path))
	},
	tooLong: func(path string) error {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		defer f.Close()
		return f.Truncate(8 << 30) // no block of it is on the disk
	},
}

// What lies in the place of a file neither holds a command up nor fills the memory, and is named.
func TestFaultLimitsOfFiles(t *testing.T) {
	for _, c := range limitCases {
		for name, put := range inPlace {
			if c.streamed && name == tooLong {
				continue
			}
			t.Run(filepath.Base(c.file)+" "+strings.Join(c.args, " ")+" "+name, func(t *testing.T) {
				t.Parallel()
				s := newSwept(t)
				if c.before != nil {
					s.next(c.before...)
				}
				path := s.path(c.file)
				if err := os.RemoveAll(path); err != nil {
					t.Fatal(err)
				}
				if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), put(path)); err != nil {
					t.Fatal(err)
				}
				stderr, err := limited(t, s.command(shipped(t), c.args...), nil)
				switch {
				case c.passes && err != nil:
					t.Errorf("kyoli %v: %v: %s", c.args, err, stderr)
				case c.longPasses && name == tooLong:
				case !c.passes && (err == nil || !strings.Contains(stderr, filepath.Base(c.file))):
					t.Errorf("kyoli %v: %v, and the file is not named: %s", c.args, err, stderr)
				}
			})
		}
	}
}

// limited runs a command that has to end in time and with little memory. started may be nil.
func limited(t *testing.T, cmd *exec.Cmd, started func()) (stderr string, err error) {
	t.Helper()
	var out bytes.Buffer
	cmd.Stderr = &out
	cmd.WaitDelay = patience
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(limitsTime, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	if started != nil {
		started()
	}
	err = cmd.Wait()
	if took := time.Since(begun); took >= limitsTime {
		t.Errorf("it did not end within %v", limitsTime)
	}
	if peak := peakMemory(cmd.ProcessState.SysUsage().(*syscall.Rusage)); peak > limitsMemory && peak > ownPeak(t) {
		t.Errorf("it took %d MiB", peak>>20)
	}
	return out.String(), err
}

// peakMemory is the most that a process had in memory, in bytes.
func peakMemory(usage *syscall.Rusage) int64 {
	if runtime.GOOS == "darwin" {
		return usage.Maxrss
	}
	return usage.Maxrss << 10
}

// ownPeak is that of the tests themselves. On Linux a process begins with that of the one that it was forked from.
func ownPeak(t *testing.T) int64 {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return peakMemory(&usage)
}

// What is piped in or named may be a device or a pipe: it is read up to a limit.
func TestFaultLimitsOfInput(t *testing.T) {
	for name, args := range map[string][]string{
		"stdin of accounts add": {"accounts", "add", "--provider", "openai"},
		"a bare token":          {"accounts", "add", "--provider", "openai", "--refresh-token-stdin"},
		"stdin of import":       {"import", "-"},
		"a file to add":         {"accounts", "add", "--file", "/dev/stdin"},
		"a file to import":      {"import", "/dev/stdin"},
		"a passphrase":          {"export", "--to", "e.age", "--passphrase-file", "/dev/stdin"},
		"recipients":            {"export", "--to", "e.age", "--recipients-file", "/dev/stdin"},
		"an identity":           {"import", "sealed.age", "--identity", "/dev/stdin"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSwept(t)
			s.write("phrase", "correct horse battery staple")
			s.works("export", "--to", "sealed.age", "--passphrase-file", "phrase")
			stop := make(chan struct{})
			defer close(stop)
			s.endless("endless", stop)
			cmd := s.command("sh", append([]string{"-c", `exec "$0" "$@" <endless`, shipped(t)}, args...)...)
			if stderr, err := limited(t, cmd, nil); err == nil || !strings.HasPrefix(stderr, "kyoli: ") {
				t.Errorf("%v: %s", err, stderr)
			}
		})
	}
}

// endless makes a FIFO that has more and more to read, until stop.
func (s *swept) endless(name string, stop <-chan struct{}) {
	s.t.Helper()
	if err := syscall.Mkfifo(s.path(name), 0o600); err != nil {
		s.t.Fatal(err)
	}
	f, err := os.OpenFile(s.path(name), os.O_RDWR, 0) // so that nobody waits for the other side
	if err != nil {
		s.t.Fatal(err)
	}
	go func() { <-stop; f.Close() }()
	go func() {
		for err := error(nil); err == nil; {
			_, err = f.Write(make([]byte, 64<<10))
		}
	}()
}

// What never comes is waited for until Ctrl-C: a command that a person pipes into may be started first.
func TestFaultLimitsCtrlC(t *testing.T) {
	for name, args := range map[string][]string{
		"stdin":        {"accounts", "add", "--provider", "openai"},
		"import":       {"import", "-"},
		"a FIFO":       {"import", "fifo"},
		"a passphrase": {"export", "--to", "e.age", "--passphrase-file", "fifo"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSwept(t)
			if err := syscall.Mkfifo(s.path("fifo"), 0o600); err != nil {
				t.Fatal(err)
			}
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			defer w.Close()
			cmd := s.command(shipped(t), args...)
			cmd.Stdin = r
			_, err = limited(t, cmd, func() {
				time.Sleep(300 * time.Millisecond) // whether it reads already or has not begun, it must end
				_ = cmd.Process.Signal(os.Interrupt)
			})
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGINT {
				t.Errorf("it ended with %v, not by the signal", err)
			}
		})
	}
}

// A server whose answer never ends is cut off.
func TestFaultLimitsOfAnswers(t *testing.T) {
	for _, status := range []int{200, 400, 503} {
		for name, args := range map[string][]string{
			"token":     {"refresh", "one"},
			"usage":     {"accounts", "usage", "--refresh", "two"},
			"device":    {"login", "openai", "--device", "--new"},
			"discovery": {"providers", "add", "acme", "--client-id", "kyoli", "--from-discovery", "URL"},
		} {
			t.Run(name+" "+http.StatusText(status), func(t *testing.T) {
				t.Parallel()
				s := newSwept(t)
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Type", "application/json")
					w.WriteHeader(status)
					_, err := io.WriteString(w, `{"error":"`)
					for err == nil {
						_, err = w.Write(bytes.Repeat([]byte("x"), 64<<10))
					}
				}))
				t.Cleanup(server.Close)
				s.write(sweptSettings, adapters(server.URL))
				args := append([]string{}, args...)
				if args[len(args)-1] == "URL" {
					args[len(args)-1] = server.URL
				}
				var out bytes.Buffer
				cmd := s.command(shipped(t), args...)
				cmd.Stdout = &out
				if stderr, err := limited(t, cmd, nil); err == nil || out.Len()+len(stderr) == 0 {
					t.Errorf("%v: %s", err, stderr)
				}
			})
		}
	}
}
