package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/internal/failpoint"
	"github.com/kyoli-gam/kyoli/internal/seal"
)

const childKeys = "STORE_TEST_KEYS"

// keysOf are the keys that a test gave to its child.
func keysOf() vaultKeys { return vaultKeys{os.Getenv(childKeys)} }

// childWith is child with keys.
func childWith(test string, f *File, id int, k vaultKeys) *exec.Cmd {
	cmd := child(test, f, id)
	cmd.Env = append(cmd.Env, childKeys+"="+k.dir)
	return cmd
}

// worn is a file that has seen all: an account that was refreshed, a rotation whose answer has not reached the file, an
// answer to spare, and a last-good.
func worn(t *testing.T, from seal.Scheme) (*File, vaultKeys) {
	t.Helper()
	plain, _ := newFile(t, strings.Replace(two, "rt-a", "rt-1", 1))
	k := newKeys(t)
	k.want(t, from)
	f := k.open(plain.path)
	mustReseal(t, f)
	v := vendor{f.path + ".vendor"}
	v.set(t, "rt-1")
	if _, err := refresh(t, f, v); err != nil { // settled: rt-1 became rt-2
		t.Fatal(err)
	}
	spare := mustLease(t, f, uuidB) // rt-b became rt-spare, while the account got another login
	r := mustBegin(t, spare)
	if err := errors.Join(r.Ready(), r.Answered(200, []byte(`{"access_token":"at-spare","refresh_token":"rt-spare","expires_in":3600}`))); err != nil {
		t.Fatal(err)
	}
	mustUpdate(t, f, func(a *Accounts) { a.Get(uuidB).RefreshToken = "rt-login" })
	if err := spare.Release(); err != nil {
		t.Fatal(err)
	}
	answered(t, f, 200, `{"access_token":"at-3","refresh_token":"rt-3","expires_in":3600}`) // rt-2 became rt-3, and it died
	return f, k
}

// intact says what is wrong with a worn file, read by a process that starts now.
func intact(t *testing.T, f *File, k vaultKeys) error {
	t.Helper()
	ctx := context.Background()
	f = k.open(f.path)
	if err := f.Openable(ctx); err != nil {
		return err
	}
	raw := readFile(t, f.path)
	if err := pluginAccepts([]byte(raw)); err != nil {
		return err
	}
	a, err := f.Load(ctx)
	if err != nil {
		return err
	}
	if x := a.Get(uuidA); x.RefreshToken != "rt-3" || x.AccessToken != "at-3" {
		return fmt.Errorf("the answer is lost: %+v, %s", x, x.RefreshToken.Hash())
	}
	if x := a.Get(uuidB); x.RefreshToken != "rt-login" {
		return fmt.Errorf("b is %+v", x)
	}
	l, err := f.Lease(ctx, uuidB)
	if err != nil {
		return err
	}
	defer l.Release() //nolint:errcheck // read only
	j := f.journal(f.path)
	names, err := j.list()
	if err != nil {
		return err
	}
	for _, n := range names {
		if c, err := j.read(n); err == nil && c != nil {
			if child, ok := c.outcome(""); ok && child.RefreshToken == "rt-spare" {
				return nil
			}
		}
	}
	return errors.New("the spare is lost")
}

// inForm says which file is not in the form that is wanted.
func inForm(t *testing.T, f *File, s seal.Scheme) []string {
	t.Helper()
	if s == seal.None {
		return holdsText(t, f, seal.Prefix)
	}
	other := seal.Age
	if s == seal.Age {
		other = seal.Keyring
	}
	return holdsText(t, f, `"rt-`, `"at-`, seal.Prefix+"1:"+string(other))
}

// finished leaves out what a process was writing when it was killed.
func finished(files []string) []string {
	return slices.DeleteFunc(files, func(file string) bool { return strings.Contains(file, ".kyoli-") })
}

var switches = []struct{ from, to seal.Scheme }{
	{seal.None, seal.Age}, {seal.Keyring, seal.None},
}

// TestResealKilledAtEachStep kills a change of the form at its first step to the disk, its second, and so on. Each time
// every token can be read, and the next one finishes, be it the same command or any other that writes.
func TestResealKilledAtEachStep(t *testing.T) {
	if path := os.Getenv(childFile); path != "" {
		n, err := strconv.ParseInt(os.Getenv(childID), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		f := keysOf().open(path)
		failpoint.Set(failpoint.KillAt(n))
		mustReseal(t, f)
		return
	}
	some := switches
	if testing.Short() {
		some = switches[:1]
	}
	for _, s := range some {
		t.Run(s.from.String()+" to "+s.to.String(), func(t *testing.T) {
			t.Parallel()
			for n := 1; ; n++ {
				f, k := worn(t, s.from)
				k.want(t, s.to)
				out, err := childWith("TestResealKilledAtEachStep", f, n, k).CombinedOutput()
				var exit *exec.ExitError
				if err != nil && (!errors.As(err, &exit) || strings.Contains(string(out), "FAIL")) {
					t.Fatalf("step %d: %v\n%s", n, err, out)
				}
				if n%2 == 0 { // another command that writes
					mustUpdate(t, k.open(f.path), func(a *Accounts) { a.Get(uuidA).LastUsed++ })
					if wrong := finished(inForm(t, f, s.to)); len(wrong) > 0 {
						t.Fatalf("step %d, after another command: %q", n, wrong)
					}
				}
				if err := intact(t, f, k); err != nil {
					t.Fatalf("step %d: %v", n, err)
				}
				mustReseal(t, k.open(f.path))
				if wrong := inForm(t, f, s.to); wrong != nil {
					t.Fatalf("step %d: %q", n, wrong)
				}
				if err := intact(t, f, k); err != nil {
					t.Fatalf("step %d, resealed: %v", n, err)
				}
				if err == nil {
					if n < 15 {
						t.Errorf("%d steps", n)
					}
					return
				}
			}
		})
	}
}

// Each step of a change of the form that the system refuses leaves every token readable.
func TestResealFailsAtEachStep(t *testing.T) {
	boom := errors.New("boom")
	for _, s := range switches {
		for n := 1; ; n++ {
			f, k := worn(t, s.from)
			k.want(t, s.to)
			hit := false
			restore := failpoint.Set(counted(n, boom, &hit))
			_, err := k.open(f.path).Reseal(context.Background())
			restore()
			if hit && err == nil && inForm(t, f, s.to) != nil {
				t.Logf("step %d: finished by the next command", n)
			}
			if err := intact(t, f, k); err != nil {
				t.Fatalf("%v, step %d: %v", s, n, err)
			}
			mustReseal(t, k.open(f.path))
			if wrong := inForm(t, f, s.to); wrong != nil {
				t.Fatalf("%v, step %d: %q", s, n, wrong)
			}
			if !hit {
				break
			}
		}
	}
}

// TestSealedRefreshKilledAtEachStep is TestRefreshKilledAtEachStep with sealed tokens, the form changing at the same
// time: the process began with plain ones.
func TestSealedRefreshKilledAtEachStep(t *testing.T) {
	if path := os.Getenv(childFile); path != "" {
		n, err := strconv.ParseInt(os.Getenv(childID), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		f, v, k := keysOf().open(path), vendor{path + ".vendor"}, keysOf()
		var steps []string
		kill := failpoint.KillAt(n)
		failpoint.Set(func(name string) error {
			steps = append(steps, name)
			_ = os.WriteFile(path+".step", []byte(strings.Join(steps, "\n")), 0o600)
			if name == "journal fsync" && strings.Count(strings.Join(steps, "\n"), name+"\n") == 1 {
				k.want(t, seal.Age) // the answer was written in the form before
			}
			return kill(name)
		})
		if _, err := refresh(t, f, v); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, from := range []seal.Scheme{seal.None, seal.Age, seal.Keyring} {
		t.Run("from "+from.String(), func(t *testing.T) {
			t.Parallel()
			var lost []string
			n := 1
			for ; n < 200; n++ {
				plain, _ := newFile(t, strings.Replace(two, "rt-a", "rt-1", 1))
				k := newKeys(t)
				k.want(t, from)
				f, v := k.open(plain.path), vendor{plain.path + ".vendor"}
				mustReseal(t, f)
				v.set(t, "rt-1")
				out, err := childWith("TestSealedRefreshKilledAtEachStep", f, n, k).CombinedOutput()
				var exit *exec.ExitError
				if err != nil && (!errors.As(err, &exit) || strings.Contains(string(out), "FAIL")) {
					t.Fatalf("step %d: %v\n%s", n, err, out)
				}
				steps := strings.Split(readFile(t, f.path+".step"), "\n")
				got := mustLoad(t, k.open(f.path)).Get(uuidA)
				if got.RefreshToken != v.good(t) {
					lost = append(lost, steps[len(steps)-1])
					continue
				}
				k.want(t, seal.Age)
				if wrong := finished(inForm(t, f, seal.Age)); err == nil && len(wrong) > 0 {
					t.Errorf("not killed: %q", wrong)
				}
				if a, err := refresh(t, k.open(f.path), v); err != nil || a.RefreshToken != v.good(t) || a.PlanTier != "pro" {
					t.Errorf("step %d: the next refresh: %+v, %v", n, a, err)
				}
				mustReseal(t, k.open(f.path))
				if wrong := inForm(t, f, seal.Age); wrong != nil {
					t.Errorf("step %d: %q", n, wrong)
				}
				if err == nil {
					break
				}
			}
			if n < 20 || !slices.Equal(lost, []string{"journal write"}) {
				t.Errorf("%d steps, the answer was lost at %q", n, lost)
			}
		})
	}
}

// TestResealBesideOthers changes the form again and again while other processes, which know nothing of it, change and
// refresh accounts. No change and no token is lost, and in the end nothing is in another form than wanted.
func TestResealBesideOthers(t *testing.T) {
	const writers, changes = 6, 12
	if path := os.Getenv(childFile); path != "" {
		id, err := strconv.Atoi(os.Getenv(childID))
		if err != nil {
			t.Fatal(err)
		}
		f := keysOf().open(path) // as it is when they start
		if id == 0 {
			for range changes {
				if _, err := refresh(t, f, vendor{path + ".vendor"}); err != nil {
					t.Fatal(err)
				}
			}
			return
		}
		for range changes {
			mustUpdate(t, f, func(a *Accounts) { a.Get(uuidB).ConsecutiveAuthFailures++ })
		}
		return
	}
	plain, _ := newFile(t, strings.Replace(two, "rt-a", "rt-1", 1))
	k := newKeys(t)
	f := k.open(plain.path)
	v := vendor{f.path + ".vendor"}
	v.set(t, "rt-1")
	done := make(chan error, writers)
	for id := range writers {
		go func() {
			out, err := childWith("TestResealBesideOthers", f, id, k).CombinedOutput()
			if err != nil {
				err = fmt.Errorf("process %d: %w\n%s", id, err, out)
			}
			done <- err
		}()
	}
	forms := []seal.Scheme{seal.Age, seal.None, seal.Keyring, seal.Age, seal.Keyring, seal.None}
	ended, deadline := 0, time.Now().Add(2*time.Minute)
	for i := 0; ended < writers && time.Now().Before(deadline); i++ {
		k.want(t, forms[i%len(forms)])
		mustReseal(t, k.open(f.path))
		select {
		case err := <-done:
			if ended++; err != nil {
				t.Fatal(err)
			}
		default:
		}
	}
	for _, s := range []seal.Scheme{seal.Age, seal.None} {
		k.want(t, s)
		mustReseal(t, k.open(f.path))
		if wrong := inForm(t, f, s); wrong != nil {
			t.Errorf("%s: %q", s, wrong)
		}
		a := mustLoad(t, k.open(f.path))
		if got := a.Get(uuidA).RefreshToken; got != v.good(t) || got != Secret(fmt.Sprint("rt-", changes+1)) {
			t.Errorf("%s: the token is another one (%s)", s, got.Hash())
		}
		if n := a.Get(uuidB).ConsecutiveAuthFailures; n != (writers-1)*changes {
			t.Errorf("%s: %d changes", s, n)
		}
	}
}
