package store

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kyoli-gam/kyoli/internal/failpoint"
)

// model is an account file in the hands of kyolis that die anywhere, of a plugin that writes old contents, and of a
// user who logs in again and removes accounts; and what must be true of it.
type model struct {
	t    *rapid.T
	f    *File
	next int

	newest    map[Secret]Secret // by token: what came of it in the end, as far as any kyoli wrote it down
	spent     map[Secret]bool   // tokens of which it was written down that they were spent
	forgotten map[Secret]bool   // tokens that a login or a removal took out
	owner     map[Secret]string // the account that a token was made for
	contents  [][]byte          // of the file, earlier
}

var errDied = errors.New("died")

func (m *model) ctx() context.Context { return context.Background() }

func (m *model) fresh() *File {
	m.f = Open(m.f.path, Options{OnNote: func(n Note) { m.t.Logf("note: %s", n) }})
	return m.f
}

func (m *model) keep() {
	raw, err := os.ReadFile(m.f.path)
	if err != nil {
		m.t.Fatal(err)
	}
	m.contents = append(m.contents, raw)
}

// child makes a token in the place of a spent one.
func (m *model) child() (Credential, string) {
	m.next++
	c := Credential{RefreshToken: Secret(fmt.Sprint("rt-", m.next)), AccessToken: Secret(fmt.Sprint("at-", m.next)), ExpiresAt: Millis(4_000_000_000_000 + int64(m.next))}
	return c, fmt.Sprintf(`{"access_token":%q,"refresh_token":%q,"expires_in":3600}`, c.AccessToken.Reveal(), c.RefreshToken.Reveal())
}

// written notes that the way from a token to its child is on the disk.
func (m *model) written(parent, child Secret) {
	m.spent[parent] = true
	m.newest[parent] = child
	for token, to := range m.newest {
		if to == parent {
			m.newest[token] = child
		}
	}
}

// Refresh refreshes an account, by a process that dies somewhere on the way, or does not.
func (m *model) Refresh(t *rapid.T) {
	m.t = t
	uuid := rapid.SampledFrom([]string{uuidA, uuidB}).Draw(t, "account")
	dies := rapid.SampledFrom([]string{"", "", "", "begun", "sent", "answered", "stored"}).Draw(t, "dies")
	m.keep()
	if err := m.refresh(uuid, dies); err != nil && !errors.Is(err, errDied) {
		var spent *SpentError
		var unknown *UnknownAccountError
		if !errors.As(err, &spent) && !errors.As(err, &unknown) {
			t.Fatalf("refresh: %v", err)
		}
	}
}

func (m *model) refresh(uuid, dies string) error {
	l, err := m.fresh().Lease(m.ctx(), uuid)
	if err != nil {
		return err
	}
	defer func() {
		if err := l.Release(); err != nil {
			m.t.Fatal(err)
		}
	}()
	r, err := l.Begin(m.ctx())
	if err != nil || dies == "begun" {
		return errors.Join(err, errDied)
	}
	if err := r.Ready(); err != nil {
		m.t.Fatal(err)
	}
	token := l.Account().RefreshToken
	if m.spent[token] {
		m.t.Fatalf("%s is sent, and was spent", token.Reveal())
	}
	if dies == "sent" {
		return errDied
	}
	child, body := m.child()
	if err := r.Answered(200, []byte(body)); err != nil {
		m.t.Fatal(err)
	}
	m.written(token, child.RefreshToken)
	m.owner[child.RefreshToken] = uuid
	switch dies {
	case "answered":
		return errDied
	case "stored":
		defer failpoint.Set(func(step string) error {
			if strings.HasPrefix(step, "journal ") {
				return errDied
			}
			return nil
		})()
	}
	_, err = r.Settle(m.ctx(), child, func(*Account) {})
	return err
}

// Clobber is a plugin that writes what it read earlier.
func (m *model) Clobber(t *rapid.T) {
	m.t = t
	if len(m.contents) == 0 {
		t.Skip("nothing was read yet")
	}
	i := rapid.IntRange(0, len(m.contents)-1).Draw(t, "content")
	if err := os.WriteFile(m.f.path, m.contents[i], 0o600); err != nil {
		t.Fatal(err)
	}
}

// Login gives an account a token of its own line.
func (m *model) Login(t *rapid.T) {
	m.t = t
	m.keep()
	uuid := rapid.SampledFrom([]string{uuidA, uuidB}).Draw(t, "account")
	child, _ := m.child()
	_, err := m.fresh().Update(m.ctx(), func(a *Accounts) error {
		x := a.Get(uuid)
		if x == nil {
			x = &Account{UUID: uuid, Enabled: true}
			a.Add(x)
		}
		m.forgotten[x.RefreshToken] = true
		x.SetCredential(child)
		m.owner[child.RefreshToken] = uuid
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Remove removes an account. All that was made for it goes.
func (m *model) Remove(t *rapid.T) {
	m.t = t
	m.keep()
	uuid := rapid.SampledFrom([]string{uuidA, uuidB}).Draw(t, "account")
	_, err := m.fresh().Update(m.ctx(), func(a *Accounts) error {
		if a.Remove(uuid) {
			for token, owner := range m.owner {
				m.forgotten[token] = m.forgotten[token] || owner == uuid
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Check is called after each step: whoever opens the file has the newest token of each account, and tokens that were
// taken out are nowhere.
func (m *model) Check(t *rapid.T) {
	m.t = t
	before, err := m.f.Peek(m.ctx())
	if err != nil {
		t.Fatal(err)
	}
	after, err := m.fresh().Load(m.ctx())
	if err != nil {
		t.Fatal(err)
	}
	if len(after.List) != len(before.List) {
		t.Fatalf("%d accounts became %d", len(before.List), len(after.List))
	}
	for i, x := range after.List {
		was := before.List[i].RefreshToken
		want, ok := m.newest[was]
		if !ok {
			want = was
		}
		if m.forgotten[want] {
			continue // an old content came back, and what became of its tokens was taken out
		}
		if x.RefreshToken != want {
			t.Fatalf("%s had %s and has %s, want %s", x.UUID, was.Reveal(), x.RefreshToken.Reveal(), want.Reveal())
		}
	}
}

func TestRotationModel(t *testing.T) {
	// Each run makes hundreds of files and syncs them: fewer than rapid's 100, unless asked for with -rapid.checks.
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue {
		if err := checks.Value.Set("25"); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		m := &model{
			t: t, f: Open(filepath.Join(dir, fmt.Sprint(n), "accounts.json"), Options{}),
			newest: map[Secret]Secret{}, spent: map[Secret]bool{}, forgotten: map[Secret]bool{},
			owner: map[Secret]string{"rt-a": uuidA, "rt-b": uuidB},
		}
		if err := errors.Join(os.Mkdir(filepath.Dir(m.f.path), 0o700), os.WriteFile(m.f.path, []byte(two), 0o600)); err != nil {
			t.Fatal(err)
		}
		t.Repeat(map[string]func(*rapid.T){
			"refresh": m.Refresh, "clobber": m.Clobber, "login": m.Login, "remove": m.Remove, "": m.Check,
		})
	})
}
