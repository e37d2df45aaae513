package manager

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/internal/fakeprovider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// disk is an account file with a provider on loopback.
type disk struct {
	t        *testing.T
	path     string
	provider *fakeprovider.Provider
	server   *httptest.Server
}

// newDisk stores the accounts, whose tokens have expired.
func newDisk(t *testing.T, names ...string) *disk {
	t.Helper()
	d := &disk{t: t, path: filepath.Join(t.TempDir(), "accounts.json"), provider: fakeprovider.New(fakeprovider.Options{})}
	d.server = httptest.NewServer(d.provider)
	t.Cleanup(d.server.Close)
	w := &world{provider: d.provider}
	_, err := d.file().Update(t.Context(), func(accounts *store.Accounts) error {
		for _, n := range names {
			accounts.Add(w.login(n))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *disk) file() *store.File { return store.Open(d.path, store.Options{}) }

func (d *disk) url() string { return d.server.URL + "/oauth/token" }

func (d *disk) manager() *Manager { return onDisk(d.path, d.url(), "") }

func (d *disk) tokenRequests() int { return (&world{provider: d.provider}).tokenRequests() }

// the is the only account.
func (d *disk) the() *store.Account {
	d.t.Helper()
	accounts, err := d.file().Peek(d.t.Context())
	if err != nil || len(accounts.List) != 1 {
		d.t.Fatalf("%+v, %v", accounts, err)
	}
	return accounts.List[0]
}

// proc is a child that waits to be let go.
type proc struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

func (d *disk) start(uuid, dies string) *proc {
	d.t.Helper()
	p := &proc{cmd: exec.CommandContext(d.t.Context(), os.Args[0])}
	p.cmd.Env = append(os.Environ(), asChild+"="+d.path, asChild+"_URL="+d.url(), asChild+"_UUID="+uuid, asChild+"_DIES="+dies)
	p.cmd.Stderr = os.Stderr
	in, err := p.cmd.StdinPipe()
	if err != nil {
		d.t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		d.t.Fatal(err)
	}
	p.in, p.out = in, bufio.NewScanner(out)
	if err := p.cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	if !p.out.Scan() || p.out.Text() != "ready" {
		d.t.Fatalf("a child says %q", p.out.Text())
	}
	return p
}

func (p *proc) release(t *testing.T) {
	t.Helper()
	if _, err := io.WriteString(p.in, "\n"); err != nil {
		t.Fatal(err)
	}
}

// said is the next line, empty where the child has died.
func (p *proc) said() string {
	p.out.Scan()
	return p.out.Text()
}

// end lets the child end.
func (p *proc) end() error {
	_ = p.in.Close()
	_, _ = io.Copy(io.Discard, p.cmd.Stdout.(io.Reader))
	return p.cmd.Wait()
}

// dies runs a child that kills itself on the way.
func (d *disk) dies(uuid, where string) {
	d.t.Helper()
	p := d.start(uuid, where)
	p.release(d.t)
	if said := p.said(); said != "" {
		d.t.Fatalf("the child did not die but says %q", said)
	}
	_ = p.cmd.Wait()
}

// Fifty processes with one account whose token has ended send it once, and all have the result.
func TestFiftyProcessesMakeOneRequest(t *testing.T) {
	t.Parallel()
	d := newDisk(t, "a")
	d.provider.Behave(fakeprovider.Behaviour{Endpoint: "token", DelayMS: 300})
	var children []*proc
	for range 50 {
		children = append(children, d.start("uuid-a", ""))
	}
	for _, p := range children {
		p.release(t)
	}
	var results, tokens []string
	for _, p := range children {
		result, token, _ := strings.Cut(p.said(), " ")
		results, tokens = append(results, result), append(tokens, token)
		if err := p.cmd.Wait(); err != nil {
			t.Errorf("a child ended with %v: %s %s", err, result, token)
		}
	}
	if n := d.tokenRequests(); n != 1 {
		t.Errorf("%d token requests, want 1", n)
	}
	if want := d.the().AccessToken.Hash(); len(slices.Compact(tokens)) != 1 || tokens[0] != want {
		t.Errorf("tokens %v, stored is %s", slices.Compact(tokens), want)
	}
	slices.Sort(results)
	if results[49] != "refreshed" || results[48] == "refreshed" {
		t.Errorf("results %v, want one that refreshed", slices.Compact(results))
	}
}

// A process that is killed between the answer and the store has the token in the journal for the next.
func TestKilledBetweenAnswerAndStore(t *testing.T) {
	t.Parallel()
	d := newDisk(t, "a")
	old := d.the()
	d.dies("uuid-a", diesStoring)
	if d.the().RefreshToken != old.RefreshToken {
		t.Fatal("the child has stored the token")
	}
	a, result, err := d.manager().Valid(t.Context(), "uuid-a", ValidOptions{})
	if err != nil || result == ResultRefreshed || d.tokenRequests() != 1 {
		t.Fatalf("Valid = %s, %v after %d requests: the answer is in the journal", result, err, d.tokenRequests())
	}
	if stored := d.the(); stored.RefreshToken == old.RefreshToken || stored.AccessToken != a.AccessToken || Expired(stored, time.Now()) {
		t.Errorf("stored %+v", stored)
	}
	if _, ok := d.provider.Rotate(d.the().RefreshToken.Reveal()); !ok {
		t.Error("the stored token is not the provider's newest")
	}
}

// The provider has spent the token, the answer is lost.
func TestKilledAfterSending(t *testing.T) {
	t.Parallel()
	d := newDisk(t, "a")
	old := d.the()
	d.dies("uuid-a", diesSent)
	_, _, err := d.manager().Valid(t.Context(), "uuid-a", ValidOptions{})
	var login *LoginNeededError
	if !errors.As(err, &login) || d.tokenRequests() != 2 {
		t.Fatalf("err = %v after %d requests, want one more with the old token, and no login", err, d.tokenRequests())
	}
	a := d.the()
	if !a.IsAuthDisabled || a.AuthDisabledReason == "" || a.RefreshToken != old.RefreshToken {
		t.Errorf("the account is to be kept and marked: %+v", a)
	}
	for _, force := range []bool{false, true} {
		if _, _, err = d.manager().Valid(t.Context(), "uuid-a", ValidOptions{Force: force}); !errors.As(err, &login) {
			t.Errorf("force=%t: err = %v", force, err)
		}
	}
}

// The provider knows nothing of the request.
func TestKilledAfterSendingIntoTheVoid(t *testing.T) {
	t.Parallel()
	d := newDisk(t, "a")
	d.dies("uuid-a", diesDropped)
	a, result, err := d.manager().Valid(t.Context(), "uuid-a", ValidOptions{})
	if err != nil || result != ResultRefreshed || d.tokenRequests() != 1 || d.the().AccessToken != a.AccessToken {
		t.Errorf("Valid = %s, %v after %d requests", result, err, d.tokenRequests())
	}
}

// A request that may have been sent is tried once more, not for ever.
func TestARequestWithoutAnAnswerIsTriedOnceMore(t *testing.T) {
	t.Parallel()
	d := newDisk(t, "a")
	d.provider.Behave(fakeprovider.Behaviour{Endpoint: "token", Times: 100, Reset: true})
	for i := range 5 {
		_, _, err := d.manager().Valid(t.Context(), "uuid-a", ValidOptions{Force: true})
		if err == nil {
			t.Fatal("no error")
		}
		t.Logf("%d: %v (%d requests)", i, err, d.tokenRequests())
	}
	if n := d.tokenRequests(); n != 2 {
		t.Errorf("%d requests with a token that may be spent, want 2", n)
	}
	if a := d.the(); !a.IsAuthDisabled || a.RefreshToken == "" {
		t.Errorf("the account is to be kept and marked: %+v", a)
	}
}

// Killed at each step to the disk: the next process has the token that the provider gave last, wherever the
// one before was killed; only an answer that nobody wrote down is gone, and then the account says so.
func TestKilledAtEachStepOfARefresh(t *testing.T) {
	t.Parallel()
	gone := 0
	for n := 1; ; n++ {
		d := newDisk(t, "a")
		p := d.start("uuid-a", strconv.Itoa(n))
		p.release(t)
		said := p.said()
		err := p.cmd.Wait()
		if (err == nil) != strings.HasPrefix(said, "refreshed ") {
			t.Fatalf("step %d: the child says %q, %v", n, said, err)
		}
		before := d.tokenRequests()
		a, _, verr := d.manager().Valid(t.Context(), d.the().UUID, ValidOptions{})
		var login *LoginNeededError
		switch {
		case errors.As(verr, &login):
			gone++
		case verr != nil || d.tokenRequests() != 1 || a.AccessToken != d.the().AccessToken:
			t.Errorf("step %d: Valid: %v; %d requests, then %d", n, verr, before, d.tokenRequests())
		}
		if _, ok := d.provider.Rotate(d.the().RefreshToken.Reveal()); ok != (login == nil) {
			t.Errorf("step %d: the stored token is good: %v", n, ok)
		}
		d.server.Close()
		if err == nil {
			if n < 30 || gone != 1 {
				t.Errorf("after %d steps an answer was gone %d times, want 1", n, gone)
			}
			return
		}
	}
}

// An account file that is damaged while the request is under way gets the new token when it has been mended.
func TestAStoreThatIsDamagedAfterTheRequest(t *testing.T) {
	t.Parallel()
	d := newDisk(t, "a")
	good, err := os.ReadFile(d.path)
	if err != nil {
		t.Fatal(err)
	}
	answer := d.server.Config.Handler
	d.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := os.WriteFile(d.path, []byte(`{"version":1,"accounts":[{`), 0o600); err != nil {
			t.Error(err)
		}
		answer.ServeHTTP(w, r)
	})
	_, _, err = d.manager().Valid(t.Context(), "uuid-a", ValidOptions{})
	var damaged *store.DamagedError
	if !errors.As(err, &damaged) {
		t.Fatalf("err = %v", err)
	}
	if err := os.WriteFile(d.path, good, 0o600); err != nil { // somebody mends it, with the old token
		t.Fatal(err)
	}
	a, result, err := d.manager().Valid(t.Context(), "uuid-a", ValidOptions{})
	if err != nil || result == ResultRefreshed || d.tokenRequests() != 1 || d.the().AccessToken != a.AccessToken {
		t.Errorf("Valid = %s, %v after %d requests: the token is in the journal", result, err, d.tokenRequests())
	}
}

// Processes that start at once get different accounts.
func TestProcessesThatStartAtOnceGetDifferentAccounts(t *testing.T) {
	t.Parallel()
	names := strings.Fields("a b c d e f g h i j k l m n o p")
	d := newDisk(t, names...)
	var children []*proc
	for range names {
		children = append(children, d.start("", "acquire"))
	}
	for _, p := range children {
		p.release(t)
	}
	var got []string
	for _, p := range children {
		got = append(got, p.said())
	}
	for _, p := range children { // all at once, for with the race detector each takes a second to end
		_ = p.in.Close()
	}
	for _, p := range children {
		if err := p.end(); err != nil {
			t.Error(err)
		}
	}
	slices.Sort(got)
	if n := len(slices.Compact(slices.Clone(got))); n != len(names) {
		t.Errorf("%d processes got %d accounts: %v", len(names), n, got)
	}
}
