//go:build unix

package e2e_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/internal/fakeprovider"
)

// refused is what a refresh that brought no token ends with.
type refused struct {
	code int
	says string // part of what it says
}

var (
	tryLater   = refused{75, "account one could not be renewed"}
	misplaced  = refused{1, "providers show"}
	loginAgain = refused{4, "kyoli login"}
)

const firewallPage = "<html><title>403</title>invalid_grant invalid_client</html>"

// badAnswers are answers of a token endpoint that bring no token.
var badAnswers = map[string]struct {
	status int
	body   string
	want   refused
}{
	"invalid_grant":             {400, `{"error":"invalid_grant"}`, loginAgain},
	"invalid_client":            {401, `{"error":"invalid_client"}`, misplaced},
	"400 HTML":                  {400, firewallPage, tryLater},
	"401":                       {401, "", tryLater},
	"403 HTML":                  {403, firewallPage, tryLater},
	"429":                       {429, "", tryLater},
	"500":                       {500, `{"error":"invalid_grant"}`, tryLater},
	"200 HTML":                  {200, firewallPage, tryLater},
	"200 with an error":         {200, `{"error":"invalid_grant"}`, tryLater},
	"200 without a token":       {200, `{"expires_in":3600}`, tryLater},
	"200 of 2 MiB":              {200, strings.Repeat(" ", 2<<20), tryLater},
	"200 cut off":               {200, `{"access_token":"a`, tryLater},
	"200, a token of two lines": {200, `{"access_token":"a\r\nX: y"}`, tryLater},
}

// Whatever a token endpoint answers, the shipped kyoli keeps the account and its token; only invalid_grant marks it.
// Once the provider is well again, the next refresh goes well, without anything else.
func TestFaultTokenAnswers(t *testing.T) {
	for name, tt := range badAnswers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSwept(t)
			s.provider.Behave(fakeprovider.Behaviour{Endpoint: "token", Status: tt.status, Body: tt.body})
			s.refuses(tt.want)
		})
	}
}

// refuses wants a token that has ended to be renewed, which fails, and then a refresh that goes well.
func (s *swept) refuses(want refused) {
	s.t.Helper()
	before := s.accounts()["one"]
	out, err := s.command(shipped(s.t), "exec", "--account", "one", "--", "echo", "ran").CombinedOutput()
	if exit := exitOf(err); exit != want.code || !strings.Contains(string(out), want.says) || strings.Contains(string(out), before.RefreshToken) {
		s.t.Errorf("exit code %d, want %d and %q: %s", exit, want.code, want.says, out)
	}
	after := s.accounts()["one"]
	if after.RefreshToken != before.RefreshToken || after.AccessToken != before.AccessToken || after.ExpiresAt != before.ExpiresAt {
		s.t.Errorf("the credential was changed")
	}
	if disabled := want == loginAgain; after.IsAuthDisabled != disabled || (after.AuthDisabledReason != "") != disabled {
		s.t.Errorf("disabled: %v (%q)", after.IsAuthDisabled, after.AuthDisabledReason)
	}
	s.next("refresh", "one", "--force")
	if s.accounts()["one"].IsAuthDisabled {
		s.t.Error("it is still disabled after a refresh that went well")
	}
	checkAccounts(s)
}

// exitOf is the exit code of a command, -1 where it has none.
func exitOf(err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	return -1
}

// The same for what happens on the way.
func TestFaultTokenRequests(t *testing.T) {
	_, whole := crowdRounds(t)
	stranger := httptest.NewUnstartedServer(http.NotFoundHandler())
	stranger.Config.ErrorLog = log.New(io.Discard, "", 0) // the failed handshake is what is wanted
	stranger.StartTLS()
	t.Cleanup(stranger.Close)
	nobody := addressOfNobody(t)
	for name, begin := range map[string]func(*swept){
		"connection reset":               func(s *swept) { s.provider.Behave(fakeprovider.Behaviour{Endpoint: "token", Reset: true}) },
		"nobody listens":                 func(s *swept) { s.tokenURL(nobody) },
		"a name that is not there":       func(s *swept) { s.tokenURL("https://kyoli.invalid") },
		"TLS of an unknown authority":    func(s *swept) { s.tokenURL(stranger.URL) },
		"TLS where nobody speaks it":     func(s *swept) { s.tokenURL("https" + strings.TrimPrefix(s.url, "http")) },
		"one byte a second, without end": (*swept).drip,
	} {
		if !whole && name == "one byte a second, without end" {
			continue // it takes the 30 s that a request may
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSwept(t)
			settings := s.read(sweptSettings)
			begin(s)
			before := s.accounts()["one"]
			begun := time.Now()
			out, err := s.command(shipped(t), "exec", "--account", "one", "--", "echo", "ran").CombinedOutput()
			if exit := exitOf(err); exit != 75 || strings.Contains(string(out), before.RefreshToken) {
				t.Errorf("exit code %d: %s", exit, out)
			}
			if took := time.Since(begun); took > patience {
				t.Errorf("it took %v", took)
			}
			if after := s.accounts()["one"]; after.IsAuthDisabled || after.RefreshToken != before.RefreshToken {
				t.Error("the account was changed")
			}
			s.write(sweptSettings, settings)
			s.next("refresh", "one", "--force")
			checkAccounts(s)
		})
	}
}

// addressOfNobody is one at which nobody listens, and nobody else can: its port is taken.
func addressOfNobody(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	syscall.CloseOnExec(fd)
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("http://127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
}

// tokenURL makes kyoli send its token requests to another server.
func (s *swept) tokenURL(base string) {
	s.write(sweptSettings, strings.Replace(s.read(sweptSettings), s.url+"/oauth/token", base+"/oauth/token", 1))
}

// drip answers a token request with a byte a second.
func (s *swept) drip() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for range tick.C {
			if _, err := io.WriteString(w, " "); err != nil || http.NewResponseController(w).Flush() != nil || r.Context().Err() != nil {
				return
			}
		}
	}))
	s.t.Cleanup(server.Close)
	s.tokenURL(server.URL)
}

// A redirect to another host would carry the token there.
func TestFaultTokenRedirects(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			t.Parallel()
			elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") }))
			t.Cleanup(elsewhere.Close)
			s := newSwept(t)
			s.provider.Behave(fakeprovider.Behaviour{Endpoint: "token", Status: status, Header: map[string]string{
				"Location": strings.Replace(elsewhere.URL, "127.0.0.1", "localhost", 1) + "/oauth/token",
			}})
			s.refuses(tryLater)
		})
	}
}

// However an answer says how long its token is good, what is stored is a time that is ahead, and not absurdly so. A
// refresh token that the answer leaves out stays.
func TestFaultTokenLifetimes(t *testing.T) {
	for _, expires := range []string{``, `,"expires_in":0`, `,"expires_in":-1`, `,"expires_in":"3600"`, `,"expires_in":1e306`, `,"expires_in":null`} {
		t.Run("expires_in"+strings.TrimPrefix(expires, `,"expires_in"`), func(t *testing.T) {
			t.Parallel()
			s := newSwept(t)
			before := s.accounts()["one"]
			s.provider.Behave(fakeprovider.Behaviour{Endpoint: "token", Status: 200, Body: `{"access_token":"at-new"` + expires + `}`})
			s.next("refresh", "one")
			after := s.accounts()["one"]
			if life := time.Until(time.UnixMilli(after.ExpiresAt)); after.AccessToken != "at-new" || life < 30*time.Second || life > 400*24*time.Hour {
				t.Errorf("good for %v", life)
			}
			if after.RefreshToken != before.RefreshToken {
				t.Error("the refresh token is gone")
			}
			var f struct{ Accounts []map[string]json.RawMessage }
			if err := json.Unmarshal([]byte(s.read(sweptAccounts)), &f); err != nil || strings.Trim(string(f.Accounts[0]["expiresAt"]), "0123456789") != "" {
				t.Errorf("expiresAt: %s, %v", f.Accounts[0]["expiresAt"], err)
			}
			checkAccounts(s)
		})
	}
}
