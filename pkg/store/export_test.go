package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAnExportCanBeAdded(t *testing.T) {
	t.Parallel()
	const one = `{"uuid":"u1","label":"one","refreshToken":"rt-1","addedAt":1.7e12,"lastUsed":2,"enabled":false,"big":12345678901234567890,"own":{"a":[1.0]}}`
	const two = `{"uuid":"u2","refreshToken":"rt-2","addedAt":1,"lastUsed":2,"enabled":true}`
	path := filepath.Join(t.TempDir(), "accounts.json")
	if err := os.WriteFile(path, []byte(`{"version":1,"top":1,"accounts":[`+one+`,`+two+`],"activeAccountUuid":"u2"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	from, err := Open(path, Options{}).Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text, err := from.Export("openai", "u1")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"openai"`, one, `"top":1`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the export has no %s:\n%s", want, text)
		}
	}
	if strings.Contains(string(text), "rt-2") || strings.Contains(string(text), "u2") {
		t.Errorf("the export holds another account:\n%s", text)
	}
	if d, p := parse(text); p != nil || len(d.entries) != 1 {
		t.Errorf("the export cannot be read: %+v", p)
	}
	all, err := from.Export("openai", "u2", "u1")
	if err != nil || !strings.Contains(string(all), `"activeAccountUuid":"u2"`) {
		t.Errorf("all of them: %v\n%s", err, all)
	}

	a, err := ParseAccount([]byte(one))
	if err != nil {
		t.Fatal(err)
	}
	a.Label = "changed"
	other := Open(filepath.Join(t.TempDir(), "accounts.json"), Options{})
	if _, err := other.Update(t.Context(), func(to *Accounts) error { to.Add(a); return nil }); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(other.Path())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"changed"`, "12345678901234567890", "1.0", "1700000000000", "rt-1", `"enabled": false`} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("the file has no %s:\n%s", want, raw)
		}
	}
}

func TestAnExportOfALaterVersionIsRefused(t *testing.T) {
	t.Parallel()
	d, p := parse([]byte(`{"version":2,"accounts":[{"uuid":"u","refreshToken":"r","addedAt":1,"lastUsed":1}]}`))
	if p != nil {
		t.Fatal(p.text)
	}
	var version *VersionError
	if text, err := d.accounts("f.json").Export("p", "u"); !errors.As(err, &version) || text != nil {
		t.Errorf("%s, %v", text, err)
	}
}

func TestParseAccountRefuses(t *testing.T) {
	t.Parallel()
	for text, field := range map[string]string{
		`[]`:                   "",
		`{`:                    "",
		`{"enabled":"secret"}`: "enabled",
		`{"cachedUsage":{"five_hour":{"utilization":"secret"}}}`: "cachedUsage",
		`{"x":1,"x":2}`: "",
	} {
		_, err := ParseAccount([]byte(text))
		var e *FieldError
		if !errors.As(err, &e) || e.Field != field || e.Reason == "" || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", text, err)
		}
	}
	if a, err := ParseAccount([]byte(`{"label":null}`)); err != nil || !a.Enabled {
		t.Errorf("an account of which nothing is known: %+v, %v", a, err)
	}
}

func TestSuccessors(t *testing.T) {
	t.Parallel()
	f := Open(filepath.Join(t.TempDir(), "accounts.json"), Options{})
	ctx := t.Context()
	if spent, err := f.Successors(ctx, "rt-1"); len(spent) != 0 || err != nil {
		t.Fatalf("without a file: %v, %v", spent, err)
	}
	_, err := f.Update(ctx, func(a *Accounts) error {
		a.Add(&Account{UUID: "u", RefreshToken: "rt-1", Enabled: true})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, next := range []Secret{"rt-2", "rt-3"} {
		rotate(t, f, "u", next)
	}
	spent, err := f.Successors(ctx, "rt-1", "rt-2", "rt-3", "rt-unknown")
	if err != nil {
		t.Fatal(err)
	}
	last := Secret("rt-3").Hash()
	if d := cmp.Diff(map[string]string{Secret("rt-1").Hash(): last, Secret("rt-2").Hash(): last}, spent); d != "" {
		t.Error(d)
	}
	rotate(t, f, "u", "rt-1") // a provider that hands a token out again
	if spent, err := f.Successors(ctx, "rt-1"); len(spent) != 0 || err != nil {
		t.Errorf("handed out again: %v, %v", spent, err)
	}
}

func rotate(t *testing.T, f *File, uuid string, next Secret) {
	t.Helper()
	lease, err := f.Lease(t.Context(), uuid)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := lease.Release(); err != nil {
			t.Error(err)
		}
	}()
	r, err := lease.Begin(t.Context())
	if err == nil {
		err = r.Answered(200, []byte(`{"refresh_token":"`+next.Reveal()+`","access_token":"a"}`))
	}
	if err == nil {
		_, err = r.Settle(t.Context(), Credential{RefreshToken: next, AccessToken: "a", ExpiresAt: MillisOf(f.o.Now()) + 3600_000}, func(*Account) {})
	}
	if err != nil {
		t.Fatal(err)
	}
}
