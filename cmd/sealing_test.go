package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/zalando/go-keyring"

	"github.com/kyoli-gam/kyoli/internal/env"
	"github.com/kyoli-gam/kyoli/internal/failpoint"
	"github.com/kyoli-gam/kyoli/internal/seal"
)

// sealingRun runs command lines in a home of its own. Each is another process to kyoli.
type sealingRun struct{ home string }

func newSealingRun(t *testing.T) sealingRun {
	t.Helper()
	r := sealingRun{t.TempDir()}
	if code, _, stderr := r.runIn(t.Context(), `{"refresh":"rt-plain-1","access":"at-plain-1","expires":4102444800000,"email":"a@example.com"}`,
		"accounts", "add", "--provider", "openai", "--label", "work"); code != 0 {
		t.Fatal(stderr)
	}
	return r
}

func (r sealingRun) runIn(ctx context.Context, in string, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	f := &Factory{In: strings.NewReader(in), Out: &out, Err: &errs, Env: env.Map(map[string]string{
		"HOME": r.home, "USERPROFILE": r.home, env.SessionBus: "unix:path=/the/mock/is/asked",
	})}
	code = f.Run(ctx, args)
	return code, out.String(), errs.String()
}

func (r sealingRun) ok(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	code, stdout, stderr := r.runIn(t.Context(), "", args...)
	if code != 0 {
		t.Fatalf("%v: exit %d, %s", args, code, stderr)
	}
	return stdout, stderr
}

func (r sealingRun) fails(t *testing.T, words string, args ...string) {
	t.Helper()
	if code, _, stderr := r.runIn(t.Context(), "", args...); code != exitNoKey || !strings.Contains(stderr, words) || !strings.Contains(stderr, "hint: ") {
		t.Errorf("%v: exit %d, %s", args, code, stderr)
	}
}

func (r sealingRun) accounts() string {
	return filepath.Join(r.home, ".config", "opencode", "openai-multi-account-accounts.json")
}

func (r sealingRun) identity() string {
	return filepath.Join(r.home, ".local", "share", "kyoli", "identity.txt")
}

// plain says which file in the home holds a token in plain text, and whether any holds a sealed one.
func (r sealingRun) plain(t *testing.T) (plain []string, sealed bool) {
	t.Helper()
	err := filepath.WalkDir(r.home, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || filepath.Base(path) == "export.json" {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte("t-plain-")) {
			plain = append(plain, path)
		}
		sealed = sealed || bytes.Contains(data, []byte(seal.Prefix))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return plain, sealed
}

// readable says whether both tokens can be read.
func (r sealingRun) readable(t *testing.T) error {
	t.Helper()
	to := filepath.Join(r.home, "export.json")
	if code, _, stderr := r.runIn(t.Context(), "", "export", "--plaintext", "--to", to, "--force"); code != 0 {
		return errors.New(stderr)
	}
	text, err := os.ReadFile(to)
	if err == nil && (!bytes.Contains(text, []byte(`"rt-plain-1"`)) || !bytes.Contains(text, []byte(`"at-plain-1"`))) {
		err = fmt.Errorf("exported %s", text)
	}
	return err
}

func TestKeyring(t *testing.T) {
	keyring.MockInit()
	r := newSealingRun(t)
	_, stderr := r.ok(t, "config", "set", "storage.encryption", "keyring", "--quiet")
	if !strings.Contains(stderr, "warning: made a key") || strings.Contains(stderr, "SECRET") {
		t.Errorf("stderr %q", stderr)
	}
	if plain, sealed := r.plain(t); plain != nil || !sealed {
		t.Errorf("plain in %q, sealed %v", plain, sealed)
	}
	if err := r.readable(t); err != nil {
		t.Error(err)
	}
	if show, _ := r.ok(t, "accounts", "show", "--json"); !strings.Contains(show, `"sealed": "keyring"`) {
		t.Errorf("show: %s", show)
	}
	if _, stderr := r.ok(t, "config", "set", "storage.encryption", "keyring"); strings.Contains(stderr, "made") {
		t.Errorf("a second key: %q", stderr)
	}
	if _, err := os.Stat(r.identity()); err == nil {
		t.Error("there is an identity file, too")
	}

	before, _ := os.ReadFile(r.accounts())
	boom := errors.New("the collection is locked")
	keyring.MockInitWithError(boom)
	r.fails(t, boom.Error(), "refresh", "--force", "--all")
	r.fails(t, boom.Error(), "accounts", "label", "work", "other")
	r.fails(t, boom.Error(), "config", "set", "storage.encryption", "age")
	r.fails(t, boom.Error(), "config", "set", "storage.encryption", "none")
	r.ok(t, "accounts", "list")
	keyring.MockInit() // another computer's: the key is not in it
	r.fails(t, "no such secret", "refresh", "--force", "--all")
	r.fails(t, "hint: kyoli config set storage.encryption keyring", "refresh", "--force", "--all")
	r.fails(t, "no such secret", "config", "set", "storage.encryption", "keyring")
	r.fails(t, "hint: kyoli accounts list", "config", "set", "storage.encryption", "keyring")
	if _, err := keyringItem().Get(); err == nil {
		t.Error("a key was made in the place of the one that is missing")
	}
	if after, _ := os.ReadFile(r.accounts()); !bytes.Equal(before, after) {
		t.Error("the file was changed")
	}
}

// Whoever makes the identity first, all use it.
func TestIdentityMadeOnce(t *testing.T) {
	r := newSealingRun(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			dir := filepath.Join(r.home, strconv.Itoa(i))
			for _, args := range [][]string{{"accounts", "add", "--provider", "openai"}, {"config", "set", "storage.encryption", "age"}} {
				if code, _, stderr := r.runIn(t.Context(), `{"refresh":"rt-plain-1","access":"at-plain-1"}`, append(args, "--config-dir", dir)...); code != 0 {
					t.Error(stderr)
				}
			}
		})
	}
	wg.Wait()
	for i := range 8 {
		to := filepath.Join(r.home, "export.json")
		r.ok(t, "export", "--plaintext", "--force", "--to", to, "--config-dir", filepath.Join(r.home, strconv.Itoa(i)))
		if text, _ := os.ReadFile(to); !bytes.Contains(text, []byte("rt-plain-1")) {
			t.Errorf("%d: exported %s", i, text)
		}
	}
}

// An identity that others can read, or that is none, is refused with the way out.
func TestBadIdentity(t *testing.T) {
	r := newSealingRun(t)
	r.ok(t, "config", "set", "storage.encryption", "age")
	if err := os.Chmod(r.identity(), 0o644); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" {
		r.fails(t, "chmod 600", "refresh", "--force", "--all")
	}
	if err := os.Remove(r.identity()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(r.identity(), []byte("AGE-SECRET-KEY-1NONSENSE\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.fails(t, "no age identity is in it", "refresh", "--force", "--all")
	if _, _, stderr := r.runIn(t.Context(), "", "refresh", "--force", "--all"); strings.Contains(stderr, "NONSENSE") {
		t.Errorf("it is told: %s", stderr)
	}
}

// A settings file that somebody is editing does not keep a running process from writing, nor make it write plain.
func TestSettingsBrokenMeanwhile(t *testing.T) {
	r := newSealingRun(t)
	r.ok(t, "config", "set", "storage.encryption", "age")
	var errs bytes.Buffer
	f := &Factory{Out: &errs, Err: &errs, Env: env.Map(map[string]string{"HOME": r.home})}
	if got := f.sealing().Scheme(); got != seal.Age {
		t.Fatalf("scheme %q", got)
	}
	yaml := filepath.Join(filepath.Dir(r.accounts()), "kyoli.yaml")
	if err := os.WriteFile(yaml, []byte("storage: [\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got := f.sealing().Scheme(); got != seal.Age {
			t.Errorf("scheme %q", got)
		}
	}
	if got := errs.String(); strings.Count(got, "tokens are kept as they were") != 1 {
		t.Errorf("said %q", got)
	}
}

const killedHome = "KYOLI_TEST_KILLED_HOME"

// TestConfigSetKilledAtEachStep kills the whole command at its first step to the disk, its second, and so on: each time
// the tokens can be read, and the same command finishes.
func TestConfigSetKilledAtEachStep(t *testing.T) {
	if spec := os.Getenv(killedHome); spec != "" {
		n, rest, _ := strings.Cut(spec, " ")
		value, home, _ := strings.Cut(rest, " ")
		at, err := strconv.ParseInt(n, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		failpoint.Set(failpoint.KillAt(at))
		sealingRun{home}.ok(t, "config", "set", "storage.encryption", value)
		return
	}
	for _, s := range []struct{ from, to string }{{"none", "age"}, {"age", "none"}} {
		t.Run(s.from+" to "+s.to, func(t *testing.T) {
			t.Parallel()
			for n := 1; ; n++ {
				r := newSealingRun(t)
				r.ok(t, "config", "set", "storage.encryption", s.from)
				cmd := exec.Command(os.Args[0], "-test.run=^TestConfigSetKilledAtEachStep$")
				cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d %s %s", killedHome, n, s.to, r.home))
				out, err := cmd.CombinedOutput()
				var exit *exec.ExitError
				if err != nil && (!errors.As(err, &exit) || bytes.Contains(out, []byte("FAIL"))) {
					t.Fatalf("step %d: %v\n%s", n, err, out)
				}
				if err := r.readable(t); err != nil {
					t.Fatalf("step %d: %v", n, err)
				}
				r.ok(t, "config", "set", "storage.encryption", s.to)
				if plain, sealed := r.plain(t); s.to == "age" && plain != nil || s.to == "none" && sealed {
					t.Fatalf("step %d: plain in %q, sealed %v", n, plain, sealed)
				}
				if err := r.readable(t); err != nil {
					t.Fatalf("step %d, finished: %v", n, err)
				}
				if err == nil {
					if n < 10 {
						t.Errorf("%d steps", n)
					}
					return
				}
			}
		})
	}
}
