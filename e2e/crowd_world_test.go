//go:build unix

package e2e_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/internal/fakeprovider"
	"github.com/kyoli-gam/kyoli/pkg/claims"
)

// crowd is a home with accounts that many processes want.
type crowd struct {
	t        *testing.T
	dir      string
	provider *fakeprovider.Provider
}

// newCrowd logs n accounts in, whose access tokens are good, or were an hour ago.
func newCrowd(t *testing.T, n int, expired bool) *crowd {
	t.Helper()
	c := &crowd{t: t, dir: t.TempDir(), provider: fakeprovider.New(fakeprovider.Options{})}
	server := httptest.NewServer(c.provider)
	t.Cleanup(server.Close)
	c.write("kyoli.yaml", []byte(adapters(server.URL)))
	var accounts []map[string]any
	for i := range n {
		id := accountID(i)
		login := c.provider.AddAccount(fakeprovider.Account{ID: id, Email: id + "@example.com", Plan: "pro"})
		ends := login.ExpiresAt
		if expired {
			ends = c.provider.Expire(login.AccessToken, time.Hour)
		}
		accounts = append(accounts, map[string]any{
			"uuid": id, "label": id, "planTier": "", "refreshToken": login.RefreshToken, "accessToken": login.AccessToken,
			"expiresAt": ends.UnixMilli(), "addedAt": 1, "lastUsed": 1, "enabled": true,
		})
	}
	data, err := json.Marshal(map[string]any{"version": 1, "accounts": accounts, "activeAccountUuid": accounts[0]["uuid"]})
	if err != nil {
		t.Fatal(err)
	}
	c.write("openai-multi-account-accounts.json", data)
	return c
}

func accountID(i int) string { return fmt.Sprintf("account-%02d", i) }

func (c *crowd) write(name string, data []byte) {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, name), data, 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// view is who holds what, and who waits.
func (c *crowd) view() claims.View {
	c.t.Helper()
	v, err := claims.Open(filepath.Join(c.dir, "openai-multi-account-accounts.json"), claims.Options{}).View(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	return v
}

// await waits until something is so.
func (c *crowd) await(what string, so func() bool) {
	c.t.Helper()
	for deadline := time.Now().Add(patience); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.t.Fatalf("%s: not within %v", what, patience)
		}
	}
}

// member is one kyoli exec of a crowd, whose child says what account it has and
// goes on until it is let go.
type member struct {
	c    *crowd
	cmd  *exec.Cmd
	in   io.WriteCloser
	said chan string // what the child says; closed at its end
	errs bytes.Buffer
}

// crowdLock is how long one of a crowd may wait for a lock: whose turn it is is left to chance, so it may take long on
// a busy machine.
const crowdLock = "10m"

const child = `echo "$KYOLI_ACCOUNT_LABEL $$ $KYOLI_ACCESS_TOKEN"; read x; exit 0`

func (c *crowd) start(flags ...string) *member {
	c.t.Helper()
	args := append(append([]string{"--lock-timeout", crowdLock, "exec"}, flags...), "--", "sh", "-c", child)
	m := &member{c: c, cmd: exec.Command(filepath.Join(binDir, "kyoli"), args...), said: make(chan string, 1)}
	m.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.dir, "KYOLI_CONFIG_DIR=" + c.dir}
	m.cmd.Stderr = &m.errs
	var err error
	if m.in, err = m.cmd.StdinPipe(); err != nil {
		c.t.Fatal(err)
	}
	out, err := m.cmd.StdoutPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	if err := m.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = m.in.Close(); _ = m.cmd.Process.Kill(); _ = m.cmd.Wait() })
	go func() {
		defer close(m.said)
		if line, err := bufio.NewReader(out).ReadString('\n'); err == nil {
			m.said <- strings.TrimSuffix(line, "\n")
		}
		_, _ = io.Copy(io.Discard, out)
	}()
	return m
}

// account waits for the child and returns what it says: its account, its process
// id, its token.
func (m *member) account() (label, pid, token string) {
	m.c.t.Helper()
	select {
	case line := <-m.said:
		if f := strings.Fields(line); len(f) == 3 {
			return f[0], f[1], f[2]
		}
		_ = m.cmd.Wait()
		m.c.t.Fatalf("the child said %q: %s", line, m.errs.String())
	case <-time.After(patience):
		m.c.t.Fatalf("no child within %v", patience) // it still writes errs
	}
	return "", "", ""
}

// waits tells whether there is no child yet.
func (m *member) waits() bool {
	select {
	case line := <-m.said:
		m.c.t.Fatalf("it did not wait: %q", line)
		return false
	default:
		return true
	}
}

// finish lets the child go and wants all to end well.
func (m *member) finish() {
	m.c.t.Helper()
	_ = m.in.Close()
	if err := m.cmd.Wait(); err != nil {
		m.c.t.Errorf("%v: %s", err, m.errs.String())
	}
	if m.errs.Len() > 0 {
		m.c.t.Errorf("it says: %s", m.errs.String())
	}
}

// end waits for a kyoli that is to fail.
func (m *member) end() *exec.ExitError {
	m.c.t.Helper()
	var exit *exec.ExitError
	if err := m.cmd.Wait(); !errors.As(err, &exit) {
		m.c.t.Fatalf("ended with %v", err)
	}
	return exit
}
