//go:build unix

package e2e_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// 64 of kyoli and 16 of a program that follows only the npm core's rules make 50 changes each, at once, on one file:
// none is lost, and none of kyoli's fails.
func TestFaultTheOtherProgram(t *testing.T) {
	kyolis, others, changes := 12, 4, 4
	if _, whole := crowdRounds(t); whole {
		kyolis, others, changes = 64, 16, 50
	}
	c := newCrowd(t, kyolis+others, false)
	accounts := filepath.Join(c.dir, "openai-multi-account-accounts.json")
	claims := filepath.Join(c.dir, "openai-multi-account-claims.json")
	c.write(filepath.Base(claims), []byte("{}"))
	c.relabel(accounts)
	var all sync.WaitGroup
	for i := range kyolis {
		all.Go(func() { c.changes(accounts, accountID(i), changes) })
	}
	gaveUp := make([]string, others)
	for i := range others {
		all.Go(func() { gaveUp[i] = c.other(accounts, claims, accountID(kyolis+i), changes) })
	}
	all.Wait()
	for uuid, got := range c.labels(accounts) {
		if got != label(uuid, changes) {
			t.Errorf("the label of %s is %q: a change was lost", uuid, got)
		}
	}
	if text, err := os.ReadFile(claims); err != nil || strings.Contains(string(text), "pid") {
		t.Errorf("claims are left: %s, %v", text, err)
	}
	if left, err := filepath.Glob(filepath.Join(c.dir, "*.lock*")); err != nil || len(left) > 0 {
		t.Errorf("locks are left: %q, %v", left, err)
	}
	t.Logf("%d of kyoli and %d of another program, %d changes each: none lost; the other did not get a lock within its 2.75 s %v times",
		kyolis, others, changes, gaveUp)
}

// relabel gives each account the label of no change.
func (c *crowd) relabel(path string) {
	c.t.Helper()
	var f map[string]any
	readTest(c.t, path, &f)
	for _, a := range f["accounts"].([]any) {
		a := a.(map[string]any)
		a["label"] = label(a["uuid"].(string), 0)
	}
	data, err := json.Marshal(f)
	if err != nil {
		c.t.Fatal(err)
	}
	c.write(filepath.Base(path), data)
}

// labels are the accounts' labels, by uuid.
func (c *crowd) labels(path string) map[string]string {
	var f otherFile
	readTest(c.t, path, &f)
	all := map[string]string{}
	for _, a := range f.Accounts {
		all[a.UUID] = a.Label
	}
	return all
}

func readTest(t *testing.T, path string, v any) {
	t.Helper()
	if err := parseJSON(path, v); err != nil {
		t.Error(err)
	}
}

// changes has kyoli change an account's label again and again, and looks whether the one before is still there.
func (c *crowd) changes(path, uuid string, times int) {
	for n := range times {
		if got := c.labels(path)[uuid]; got != label(uuid, n) {
			c.t.Errorf("the label of %s is %q, not %q: a change was lost", uuid, got, label(uuid, n))
			return
		}
		if n%10 == 0 && !c.kyoli("exec", "--account", uuid, "--", "true") || !c.kyoli("accounts", "label", uuid, label(uuid, n+1)) {
			return
		}
	}
}

func (c *crowd) kyoli(args ...string) bool {
	cmd := exec.Command(shipped(c.t), append([]string{"--lock-timeout", crowdLock}, args...)...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.dir, "KYOLI_CONFIG_DIR=" + c.dir}
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.t.Errorf("%q: %v: %s", args, err, out)
	}
	return err == nil
}

// other runs the other program, and returns how often it did not get a lock.
func (c *crowd) other(accounts, claims, uuid string, times int) string {
	var errs bytes.Buffer
	cmd := exec.Command("otherprogram", accounts, claims, uuid, strconv.Itoa(times))
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		c.t.Errorf("the other program: %v: %s", err, errs.String())
	}
	return strings.TrimSpace(string(out))
}
