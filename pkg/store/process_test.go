package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/internal/failpoint"
)

// childFile and its like tell the test binary, run again by a test, that it is a child, and what to do.
const (
	childFile = "STORE_TEST_FILE"
	childID   = "STORE_TEST_ID"
)

// child returns this test binary, to run one of its tests on a file.
func child(test string, f *File, id int) *exec.Cmd {
	cmd := exec.Command(os.Args[0], "-test.run=^"+test+"$")
	cmd.Env = append(os.Environ(), childFile+"="+f.path, fmt.Sprintf("%s=%d", childID, id))
	return cmd
}

// TestManyProcesses: 64 processes change one file at the same time, and no change is lost.
func TestManyProcesses(t *testing.T) {
	const processes, accounts = 64, 4
	changes := 10
	if testing.Short() {
		changes = 2
	}
	if path := os.Getenv(childFile); path != "" {
		changeOften(t, Open(path, Options{LockTimeout: 5 * time.Minute}), changes)
		return
	}
	f, _ := newFile(t, string(sample(accounts)))
	var wg sync.WaitGroup
	for id := range processes {
		wg.Go(func() {
			cmd := child("TestManyProcesses", f, id)
			cmd.Args = append(cmd.Args, fmt.Sprintf("-test.short=%v", testing.Short()))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("process %d: %v\n%s", id, err, out)
			}
		})
	}
	wg.Wait()
	a := mustLoad(t, f)
	total := 0
	for _, x := range a.List[:accounts] {
		total += x.ConsecutiveAuthFailures
	}
	if total != processes*changes || len(a.List) != accounts+processes {
		t.Errorf("%d changes and %d accounts, want %d and %d", total, len(a.List), processes*changes, accounts+processes)
	}
	if err := pluginAccepts([]byte(readFile(t, f.path))); err != nil {
		t.Error(err)
	}
	if got := names(t, f); !slices.Equal(got, []string{"", ".last-good"}) {
		t.Errorf("files: %q", got)
	}
}

// changeOften counts up one of the accounts again and again, and adds one.
func changeOften(t *testing.T, f *File, changes int) {
	id, err := strconv.Atoi(os.Getenv(childID))
	if err != nil {
		t.Fatal(err)
	}
	for i := range changes {
		mustUpdate(t, f, func(a *Accounts) {
			a.List[(id+i)%4].ConsecutiveAuthFailures++
			if i == 0 {
				a.Add(&Account{Label: fmt.Sprint("added ", id), RefreshToken: Secret(fmt.Sprint("rt-", id))})
			}
		})
	}
}

// TestManyGoroutines is the same within one process, through one File and through several.
func TestManyGoroutines(t *testing.T) {
	f, _ := newFile(t, two)
	other := Open(f.path, Options{})
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			_, err := []*File{f, other}[i%2].Update(context.Background(), func(a *Accounts) error {
				a.Get(uuidA).ConsecutiveAuthFailures++
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := mustLoad(t, f).Get(uuidA).ConsecutiveAuthFailures; n != 20 {
		t.Errorf("%d changes", n)
	}
}

// TestKilledAtEachStep kills a child at its first step to the disk, its second, and so on. The accounts are the old
// ones or the new ones each time, and the next process can go on.
func TestKilledAtEachStep(t *testing.T) {
	rotate := func(a *Accounts) {
		a.Get(uuidA).SetCredential(Credential{"rt-new", "at-new", 1_800_000_000_000})
		a.Get(uuidA).Label = "new"
	}
	if path := os.Getenv(childFile); path != "" {
		n, err := strconv.ParseInt(os.Getenv(childID), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		failpoint.Set(failpoint.KillAt(n))
		mustUpdate(t, Open(path, Options{}), rotate)
		return
	}
	var history []string
	for n := 1; n < 100; n++ {
		f, _ := newFile(t, two)
		out, err := child("TestKilledAtEachStep", f, n).CombinedOutput()
		var exit *exec.ExitError
		if err != nil && (!errors.As(err, &exit) || strings.Contains(string(out), "FAIL")) {
			t.Fatalf("step %d: %v\n%s", n, err, out)
		}
		history = append(history, whatIsThere(t, f))
		start := time.Now()
		mustUpdate(t, f, func(a *Accounts) { a.Get(uuidB).LastUsed = 5 })
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("step %d: the next one waited %v", n, took)
		}
		mustSweep(t, f)
		if err == nil {
			break
		}
	}
	i := slices.Index(history, "new")
	if i < 8 || len(history)-i < 8 || slices.Contains(history[i:], "old") {
		t.Errorf("after each step: %q", history)
	}
}

// whatIsThere says which content the file has, and fails where it is another than the old or the new. Last-good must
// be one of the two as well, where it is there.
func whatIsThere(t *testing.T, f *File) string {
	t.Helper()
	for _, path := range []string{f.path, f.path + ".last-good"} {
		raw, err := os.ReadFile(path)
		if os.IsNotExist(err) && path != f.path {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		d := mustParse(t, string(raw))
		if string(raw) != two && d.entries[0].was.RefreshToken != "rt-new" {
			t.Fatalf("%s holds neither the old content nor the new:\n%s", path, raw)
		}
	}
	if readFile(t, f.path) == two {
		return "old"
	}
	return "new"
}

// mustSweep makes what was left behind old enough, changes something once more, and finds nothing left.
func mustSweep(t *testing.T, f *File) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(filepath.Dir(f.path), ".*.kyoli-*"))
	if err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-2 * time.Hour)
	for _, path := range left {
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
	f, _ = openNoted(f.path)
	mustUpdate(t, f, func(a *Accounts) { a.Get(uuidB).LastUsed = 6 })
	for _, name := range names(t, f) {
		if !slices.Contains([]string{"", ".last-good"}, name) {
			t.Errorf("%s is left", name)
		}
	}
}
