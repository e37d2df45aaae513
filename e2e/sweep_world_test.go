//go:build unix

package e2e_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/internal/fakeprovider"
)

// swept is a home in which a kyoli is killed, and a provider that knows which tokens are good.
type swept struct {
	t        *testing.T
	dir      string // HOME
	url      string // of the provider
	provider *fakeprovider.Provider
	logins   map[string]fakeprovider.Credential // the first of each account
	given    map[string]string                  // the files that a test has written, and their content
	as       *syscall.SysProcAttr               // who kyoli runs as, where that is not us
}

const (
	sweptAccounts = ".config/opencode/openai-multi-account-accounts.json"
	sweptSettings = ".config/opencode/kyoli.yaml"
	sweptAuth     = ".local/share/opencode/auth.json"
)

// sweptAuthJSON is an auth.json with logins that are none of kyoli's business.
const sweptAuthJSON = `{
  "acme": {"type": "oauth", "refresh": "acme-r", "access": "acme-a", "expires": 9007199254740993, "more": [1e2]},
  "openrouter": {"type":"api","key":"sk-or"}
}
`

// newSwept makes a home with the accounts "one" (whose access token has ended) and "two".
func newSwept(t *testing.T) *swept {
	t.Helper()
	s := &swept{t: t, dir: t.TempDir(), logins: map[string]fakeprovider.Credential{}, given: map[string]string{}}
	s.provider = fakeprovider.New(fakeprovider.Options{})
	server := httptest.NewServer(s.provider)
	t.Cleanup(server.Close)
	s.url = server.URL
	s.write(sweptSettings, "# of the user\n"+adapters(s.url))
	var accounts []string
	for _, id := range []string{"one", "two"} {
		c := s.provider.AddAccount(fakeprovider.Account{ID: id, Email: id + "@example.com", Plan: "pro"})
		if id == "one" {
			c.ExpiresAt = s.provider.Expire(c.AccessToken, time.Hour)
		}
		s.logins[id] = c
		accounts = append(accounts, fmt.Sprintf(`{"uuid":%q,"label":%q,"accountId":%q,"email":"%s@example.com","planTier":"pro",`+
			`"refreshToken":%q,"accessToken":%q,"expiresAt":%d,"addedAt":1,"lastUsed":1,"later":{"n":9007199254740993}}`,
			id, id, id, id, c.RefreshToken, c.AccessToken, c.ExpiresAt.UnixMilli()))
	}
	s.write(sweptAccounts, `{"version":1,"accounts":[`+strings.Join(accounts, ",")+`],"activeAccountUuid":"two","later":[1e2]}`)
	s.write(sweptAuth, sweptAuthJSON)
	return s
}

func (s *swept) path(name string) string { return filepath.Join(s.dir, name) }

func (s *swept) write(name, content string) {
	s.t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(s.path(name)), 0o700), os.WriteFile(s.path(name), []byte(content), 0o600)); err != nil {
		s.t.Fatal(err)
	}
	s.given[s.path(name)] = content
}

// read returns a file's content, empty where there is none.
func (s *swept) read(name string) string {
	s.t.Helper()
	b, err := os.ReadFile(s.path(name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		s.t.Fatal(err)
	}
	return string(b)
}

// command is a kyoli in this home, the one that is shipped unless another is named.
func (s *swept) command(kyoli string, args ...string) *exec.Cmd {
	cmd := exec.Command(kyoli, args...)
	cmd.Dir = s.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir}
	cmd.Dir = s.dir
	return cmd
}

// What is less than the limit after which a lock counts as left over, and much for a machine that has other work: for
// the locks that --lock-timeout is about, and for a command, which may wait longer for a refresh lease (45 s).
const (
	atOnceLock = "8s"
	atOnce     = 40 * time.Second
)

// works runs a command that has to work.
func (s *swept) works(args ...string) string {
	s.t.Helper()
	var stderr bytes.Buffer
	cmd := s.command(shipped(s.t), args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		s.t.Errorf("%q: %v: %s", args, err, stderr.String())
	}
	return string(out)
}

// next runs a command that has to work at once, whatever was killed before it.
func (s *swept) next(args ...string) string {
	s.t.Helper()
	begun := time.Now()
	out := s.works(append([]string{"--lock-timeout", atOnceLock}, args...)...)
	if took := time.Since(begun); took > atOnce {
		s.t.Errorf("the next command, %q, took %v", args, took)
	}
	return out
}

// sweptFile is what the checks read of an account file.
type sweptFile struct {
	Accounts []sweptAccount
	Active   string          `json:"activeAccountUuid"`
	Later    json.RawMessage `json:"later"`
}

type sweptAccount struct {
	account
	UUID, Label, AuthDisabledReason string
	IsAuthDisabled                  bool
	Later                           json.RawMessage
}

// accounts parses an account file and holds what no operation here changes against what it was.
func (s *swept) accounts() map[string]sweptAccount {
	s.t.Helper()
	var f sweptFile
	if err := json.Unmarshal([]byte(s.read(sweptAccounts)), &f); err != nil {
		s.t.Errorf("the account file is damaged: %v", err)
		return nil
	}
	all := map[string]sweptAccount{}
	for _, a := range f.Accounts {
		all[a.AccountID] = a
		if string(a.Later) != `{"n":9007199254740993}` && a.AccountID != "three" {
			s.t.Errorf("the unknown field of %s is %s", a.Label, a.Later)
		}
	}
	if len(all) < 2 || string(f.Later) != "[1e2]" {
		s.t.Errorf("%d accounts, unknown field %s", len(all), f.Later)
	}
	return all
}

// good spends an account's stored refresh token, and says whether it was the provider's.
func (s *swept) good(id string) bool {
	s.t.Helper()
	_, ok := s.provider.Rotate(s.accounts()[id].RefreshToken)
	return ok
}

// leftOver ages what a killed kyoli left by two hours and returns what the next write does not sweep.
func (s *swept) leftOver(then func()) []string {
	s.t.Helper()
	old, left := time.Now().Add(-2*time.Hour), s.temps()
	if len(left) == 0 {
		return nil
	}
	for _, path := range left {
		if err := os.Chtimes(path, old, old); err != nil {
			s.t.Error(err)
		}
	}
	then()
	return s.temps()
}

func (s *swept) temps() []string {
	s.t.Helper()
	var found []string
	err := filepath.WalkDir(s.dir, func(path string, _ os.DirEntry, err error) error {
		if base := filepath.Base(path); strings.HasPrefix(base, ".") && strings.Contains(base, ".kyoli-") {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		s.t.Error(err)
	}
	return found
}

// shipped is kyoli as it is released, and doomed the same with its fail points armed. Each is built once.
func shipped(t *testing.T) string { t.Helper(); return built(t, buildShipped) }
func doomed(t *testing.T) string  { t.Helper(); return built(t, buildDoomed) }

func built(t *testing.T, build func() (string, error)) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var (
	buildShipped = sync.OnceValues(func() (string, error) { return buildAs("shipped") })
	buildDoomed  = sync.OnceValues(func() (string, error) { return buildAs("doomed", "-tags", "failpoint") })
)

func buildAs(name string, flags ...string) (string, error) {
	path := filepath.Join(binDir, name)
	args := append(append([]string{"build"}, flags...), "-o", path, "github.com/kyoli-gam/kyoli")
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("building kyoli: %w: %s", err, out)
	}
	return path, nil
}
