package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFind(t *testing.T) {
	a := &Accounts{path: "/f", List: []*Account{
		{UUID: "aaaa1111-x", Label: "work", Email: "ann@example.com"},
		{UUID: "aaaa2222-x", Label: "home", Email: "ann@example.com"},
		{UUID: "bbbb1111-x", Label: "aaaa", Email: "Bob@example.com"},
		{UUID: "cccc1111-x", Label: "Bob@Example.com"},
	}}
	tests := []struct {
		name, want string // want: a uuid, "unknown", or the number of candidates
	}{
		{"work", "aaaa1111-x"},
		{"aaaa2222-x", "aaaa2222-x"},
		{"AAAA22", "aaaa2222-x"},
		{"bbbb", "bbbb1111-x"},
		{"aaaa", "bbbb1111-x"},
		{"aaaa1", "aaaa1111-x"},
		{"bob@example.com", "bbbb1111-x"},
		{"bbb", "unknown"},
		{"", "unknown"},
		{"Work", "unknown"},
		{"aaaa1111-x-longer", "unknown"},
		{"ANN@example.com", "2"},
		{"Bob@Example.com", "2"},
	}
	for _, tt := range tests {
		x, err := a.Find(tt.name)
		var unknown *UnknownAccountError
		var ambiguous *AmbiguousAccountError
		got := ""
		switch {
		case x != nil:
			got = x.UUID
		case errors.As(err, &unknown) && unknown.Name == tt.name && unknown.File == "/f":
			got = "unknown"
		case errors.As(err, &ambiguous):
			got = fmt.Sprint(len(ambiguous.Candidates))
		}
		if got != tt.want {
			t.Errorf("%q names %s, want %s (%v)", tt.name, got, tt.want, err)
		}
	}
	a.List = a.List[:2]
	if _, err := a.Find("aaaa"); err == nil || !strings.Contains(err.Error(), `"aaaa" names 2 accounts: aaaa1111-x (work, ann@example.com), aaaa2222-x (home, ann@example.com)`) {
		t.Errorf("an ambiguous prefix: %v", err)
	}
	if (&Accounts{List: []*Account{{}}}).Get("") != nil {
		t.Error("the empty uuid names an account")
	}
}

func TestNames(t *testing.T) {
	a := &Accounts{List: []*Account{
		{UUID: "1", Label: "work", Email: "ann@example.com"},
		{UUID: "2", Label: "same", Email: "ann@example.com"},
		{UUID: "3", Label: "same", Email: "bob@example.com"},
		{UUID: "4", Email: "cid@example.com"},
		{UUID: "5", Email: "Ann@example.com"},
		{UUID: "6", Label: "dora@example.com", Email: "dora@example.com"},
	}}
	names := a.Names()
	if diff := cmp.Diff([]string{"work", "2", "bob@example.com", "cid@example.com", "5", "dora@example.com"}, names); diff != "" {
		t.Error(diff)
	}
	for i, name := range names {
		if x, err := a.Find(name); err != nil || x != a.List[i] {
			t.Errorf("%s does not name account %d: %v", name, i, err)
		}
	}
}

func TestAccountName(t *testing.T) {
	for want, a := range map[string]Account{
		"label": {UUID: "u", Label: "label", Email: "e"}, "e": {UUID: "u", Email: "e"}, "12345678": {UUID: "12345678-9"}, "u": {UUID: "u"}, "": {},
	} {
		if got := a.Name(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := (&Account{UUID: "u"}).OwnerID() + (&Account{UUID: "u", CredentialOwnerID: "o"}).OwnerID(); got != "uo" {
		t.Errorf("owners: %s", got)
	}
}

func TestSecretShowsNothing(t *testing.T) {
	const token = "rt-very-secret"
	s := Secret(token)
	a := Account{UUID: "u", RefreshToken: s, AccessToken: s}
	raw, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "token", s, "account", a, "at", &a)
	shown := fmt.Sprintf("%s %v %+v %#v %q %x %d %v %+v %#v", s, s, s, s, s, s, s, a.Credential(), a, a) + string(raw) + log.String() + s.String() + s.GoString()
	for _, part := range []string{token, "secret", fmt.Sprintf("%x", token)} {
		if strings.Contains(shown, part) {
			t.Errorf("%q is shown: %s", part, shown)
		}
	}
	if !strings.Contains(shown, redacted) || s.Reveal() != token {
		t.Errorf("shown: %s", shown)
	}
	if h := s.Hash(); len(h) != 32 || h != Secret(token).Hash() || h == Secret("other").Hash() || Secret("").Hash() != "" || Secret("").String() != "" {
		t.Errorf("hash %q", h)
	}
}

func TestMillis(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 6_000_000, time.UTC)
	if got := MillisOf(now).Time(); !got.Equal(now) {
		t.Errorf("got %v", got)
	}
	if MillisOf(time.Time{}) != 0 || !Millis(0).Time().IsZero() {
		t.Error("the absent time is not kept")
	}
}

func TestUUIDs(t *testing.T) {
	a, b := newUUID(), newUUID()
	if a == b || len(a) != 36 || a[14] != '4' || !strings.ContainsRune("89ab", rune(a[19])) {
		t.Errorf("%s, %s", a, b)
	}
	base := Account{RefreshToken: "r", Email: "e"}
	seen := map[string]bool{derivedUUID(&base): true}
	for _, x := range []Account{{RefreshToken: "re"}, {RefreshToken: "r"}, {Email: "e"}, {RefreshToken: "r", Email: "e", AccountID: "i"}} {
		if id := derivedUUID(&x); seen[id] || id[14] != '8' {
			t.Errorf("%s for %+v", id, x)
		} else {
			seen[id] = true
		}
	}
}
