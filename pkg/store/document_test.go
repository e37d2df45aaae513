package store

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func mustParse(t *testing.T, text string) *document {
	t.Helper()
	d, p := parse([]byte(text))
	if p != nil {
		t.Fatalf("%s at %d (%s)", p.text, p.offset, p.pointer)
	}
	return d
}

func TestParse(t *testing.T) {
	a := mustParse(t, two).accounts("f")
	want := []*Account{
		{
			UUID: uuidA, Label: "work", Email: "Ann@Example.com", PlanTier: "plus",
			RefreshToken: "rt-a", AccessToken: "at-a", ExpiresAt: 1_700_000_000_000,
			AddedAt: 1_690_000_000_000, LastUsed: 1_690_000_000_001, Enabled: true,
			CachedUsage:   &Usage{FiveHour: &Window{12.5, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}},
			CachedUsageAt: 1_690_000_000_002,
		},
		{UUID: uuidB, RefreshToken: "rt-b", AddedAt: 1_690_000_000_000},
	}
	if diff := cmp.Diff(want, a.List, cmpopts.IgnoreUnexported(Account{}), cmp.Comparer(func(a, b Secret) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
	if a.Active != uuidA || len(a.Notes) != 0 {
		t.Errorf("active %q, notes %v", a.Active, a.Notes)
	}
}

func TestParseAllFields(t *testing.T) {
	const text = `{"version":1.0,"accounts":[{"uuid":"u","credentialOwnerId":"o","accountId":"i","accountUuid":"au",
		"deviceId":"d","refreshToken":"r","addedAt":1,"lastUsed":2,"rateLimitResetAt":3,"consecutiveAuthFailures":4,
		"isAuthDisabled":true,"authDisabledReason":"why","enabled":true,
		"cachedUsage":{"seven_day":{"utilization":1,"resets_at":"soon"},"seven_day_sonnet":{"utilization":2}}}]}`
	want := Account{
		UUID: "u", CredentialOwnerID: "o", AccountID: "i", AccountUUID: "au", DeviceID: "d", RefreshToken: "r", AddedAt: 1,
		LastUsed: 2, RateLimitResetAt: 3, ConsecutiveAuthFailures: 4, IsAuthDisabled: true, AuthDisabledReason: "why",
		Enabled: true, CachedUsage: &Usage{SevenDay: &Window{Utilization: 1}, SevenDaySonnet: &Window{Utilization: 2}},
	}
	got := *mustParse(t, text).accounts("f").List[0]
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Account{}), cmp.Comparer(func(a, b Secret) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
}

const minimal = `"refreshToken":"r","addedAt":1,"lastUsed":1`

func TestParseProblems(t *testing.T) {
	account := func(members string) string { return `{"version":1,"accounts":[{` + members + `}]}` }
	tests := []struct{ name, in, at, pointer, text string }{
		{"empty", "", "", "", "the document is empty"},
		{"null", "null", "null", "", "the file is not a JSON object"},
		{"array", " []", "[]", "", "the file is not a JSON object"},
		{"truncated", two[:500], "", "/accounts/0/cachedUsage/five_hour/resets_at", "the document ends too early"},
		{"BOM", "\xef\xbb\xbf" + two, "\xef\xbb\xbf", "", "the document starts with a byte order mark"},
		{"no version", `{"accounts":[]}`, `{`, "", "version is missing"},
		{"version as text", `{"version":"1"}`, `"1"`, "/version", "version must be 1"},
		{"version zero", `{"version":0}`, `0`, "/version", "version must be 1"},
		{"accounts null", `{"version":1,"accounts":null}`, `null`, "/accounts", "accounts must be an array"},
		{"account null", `{"version":1,"accounts":[null]}`, `null`, "/accounts/0", "an account must be an object"},
		{"active null", `{"version":1,"activeAccountUuid":null}`, `null`, "/activeAccountUuid", "activeAccountUuid must be a string"},
		{"no refreshToken", account(`"addedAt":1,"lastUsed":1`), `{"addedAt`, "/accounts/0", "refreshToken is missing"},
		{"no lastUsed", account(`"addedAt":1,"refreshToken":""`), `{"addedAt`, "/accounts/0", "lastUsed is missing"},
		{"label null", account(minimal + `,"label":null`), `null`, "/accounts/0/label", "label must be a string"},
		{"token a number", account(`"refreshToken":12`), `12`, "/accounts/0/refreshToken", "refreshToken must be a string"},
		{"enabled a text", account(minimal + `,"enabled":"yes"`), `"yes"`, "/accounts/0/enabled", "enabled must be true or false"},
		{"absurd time", account(minimal + `,"expiresAt":1e306`), `1e306`, "/accounts/0/expiresAt", "expiresAt is not a time in milliseconds since 1970"},
		{"time null", account(minimal + `,"expiresAt":null`), `null`, "/accounts/0/expiresAt", "expiresAt is not a number"},
		{"failures null", account(minimal + `,"consecutiveAuthFailures":null`), `null`, "/accounts/0/consecutiveAuthFailures", "consecutiveAuthFailures must be a number of sane size"},
		{"usage null", account(minimal + `,"cachedUsage":null`), `null`, "/accounts/0/cachedUsage", "cachedUsage must be an object"},
		{"window a number", account(minimal + `,"cachedUsage":{"five_hour":7}`), `{"five`, "/accounts/0/cachedUsage", "cachedUsage must hold objects or null"},
		{"window without utilization", account(minimal + `,"cachedUsage":{"five_hour":{}}`), `{"five`, "/accounts/0/cachedUsage", "cachedUsage has a window without a utilization"},
		{"utilization a text", account(minimal + `,"cachedUsage":{"five_hour":{"utilization":"7"}}`), `{"five`, "/accounts/0/cachedUsage", "cachedUsage has a utilization that is not a number"},
		{"resets_at a number", account(minimal + `,"cachedUsage":{"five_hour":{"utilization":7,"resets_at":1}}`), `{"five`, "/accounts/0/cachedUsage", "cachedUsage has a resets_at that is not a string"},
		{"duplicate keys", account(minimal + `,"addedAt":2`), `"addedAt":2`, "/accounts/0/addedAt", "duplicate member name"},
		{"invalid UTF-8", account(minimal + ",\"label\":\"\xff\""), "\xff", "/accounts/0/label", "invalid UTF-8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, p := parse([]byte(tt.in))
			if p == nil {
				t.Fatal("it was accepted")
			}
			offset := len(tt.in)
			if tt.at != "" {
				offset = strings.LastIndex(tt.in, tt.at)
			}
			if diff := cmp.Diff(problem{offset: offset, pointer: tt.pointer, text: tt.text}, *p, cmp.AllowUnexported(problem{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLaterVersions(t *testing.T) {
	for _, in := range []string{
		`{"version":2,"accounts":[]}`, `{"accounts":{"by":"name"},"version":2}`, `{"version":2,"accounts":[{"refreshToken":1}]}`,
	} {
		if d, _ := parse([]byte(in)); d.later != "2" {
			t.Errorf("%s is not taken for a later version", in)
		}
	}
}

func TestDuplicates(t *testing.T) {
	const text = `{"version":1,"accounts":[
		{"uuid":"u","label":"old","refreshToken":"r1","addedAt":1,"lastUsed":1},
		{"uuid":"u","label":"new","refreshToken":"r2","addedAt":1,"lastUsed":3},
		{"uuid":"v","label":"first","refreshToken":"r3","addedAt":1,"lastUsed":5},
		{"uuid":"u","label":"mid","refreshToken":"r4","addedAt":1,"lastUsed":2},
		{"uuid":"v","label":"second","refreshToken":"r5","addedAt":1,"lastUsed":5}]}`
	a := mustParse(t, text).accounts("f")
	if got := labels(a); got != "new first" {
		t.Errorf("used: %s", got)
	}
	if len(a.Notes) != 1 || a.Notes[0].Kind != NoteDuplicate {
		t.Errorf("notes: %v", a.Notes)
	}

	t.Run("stay where only another field changes", func(t *testing.T) {
		a := mustParse(t, text).accounts("f")
		a.Get("u").Label = "changed"
		if got, want := encoded(t, a), strings.Replace(text, `"new"`, `"changed"`, 1); got != want {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
	})
	t.Run("go with the account", func(t *testing.T) {
		a := mustParse(t, text).accounts("f")
		a.Remove("u")
		if got := encoded(t, a); strings.Contains(got, `"u"`) || !strings.Contains(got, `"r3"`) || !strings.Contains(got, `"r5"`) {
			t.Errorf("got %s", got)
		}
	})
	t.Run("are renamed with the account", func(t *testing.T) {
		a := mustParse(t, text).accounts("f")
		a.Get("v").UUID = "w"
		if got := encoded(t, a); strings.Count(got, `"w"`) != 2 || strings.Contains(got, `"v"`) {
			t.Errorf("got %s", got)
		}
	})
	t.Run("are told apart after a rewrite", func(t *testing.T) {
		a := mustParse(t, text).accounts("f")
		a.Get("v").LastUsed = 4
		next, err := a.encode()
		if err != nil {
			t.Fatal(err)
		}
		if got := labels(next.accounts("f")); got != "new second" {
			t.Errorf("used: %s", got)
		}
	})
}

func labels(a *Accounts) string {
	var l []string
	for _, x := range a.List {
		l = append(l, x.Label)
	}
	return strings.Join(l, " ")
}

// TestMissingUUID: an entry without a uuid has the same one in each process, and gets it with the first write that
// touches it.
func TestMissingUUID(t *testing.T) {
	const text = `{"version":1,"accounts":[
		{"label":"a",` + minimal + `},
		{"uuid":"","label":"b","refreshToken":"r2","addedAt":1,"lastUsed":1}]}`
	read := func() *Accounts { return mustParse(t, text).accounts("f") }
	a := read()
	uuid, uuid2 := a.List[0].UUID, a.List[1].UUID
	if len(uuid) != 36 || len(uuid2) != 36 || uuid == uuid2 || read().List[0].UUID != uuid {
		t.Errorf("uuids %q and %q, then %q", uuid, uuid2, read().List[0].UUID)
	}
	if got := encoded(t, a); got != text {
		t.Errorf("untouched: %s", got)
	}
	a.List[0].Label = "c"
	if got := encoded(t, a); !strings.Contains(got, `"label":"c",`+minimal+`,"uuid":"`+uuid+`"}`) || strings.Contains(got, uuid2) {
		t.Errorf("touched: %s", got)
	}
	a = read()
	a.Active = uuid2
	if got := encoded(t, a); !strings.Contains(got, `{"uuid":"`+uuid2+`","label":"b"`) {
		t.Errorf("made active: %s", got)
	}
}

// encoded returns the next content, and checks that it reads the same and that the plugin takes it.
func encoded(t *testing.T, a *Accounts) string {
	t.Helper()
	d, err := a.encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := pluginAccepts(d.raw); err != nil {
		t.Errorf("the plugin rejects it: %v", err)
	}
	again := mustParse(t, string(d.raw))
	if len(again.entries) != len(d.entries) || again.duplicates != d.duplicates || again.active != d.active {
		t.Fatalf("%s\nis not the document that was made", d.raw)
	}
	for i := range again.entries {
		if x, y := &again.entries[i], &d.entries[i]; x.start != y.start || x.end != y.end || x.changed(&y.was) || (x.of == nil) != (y.of == nil) {
			t.Fatalf("entry %d: %+v, made was %+v", i, x, y)
		}
	}
	return string(d.raw)
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		two, `{"version":1}`, `{"version":2,"accounts":[{}]}`, "null", "", `{"version":1,"accounts":[{` + minimal + `}]}`,
		`{"version":1,"accounts":[{"uuid":"u",` + minimal + `},{"uuid":"u",` + minimal + `,"x":{}}],"activeAccountUuid":""}`,
	} {
		f.Add([]byte(s), "label", "token", uint8(0))
	}
	f.Fuzz(func(t *testing.T, raw []byte, label, token string, choice uint8) {
		d, p := parse(raw)
		if p != nil {
			if p.offset < 0 || p.offset > len(raw) {
				t.Fatalf("offset %d of %d", p.offset, len(raw))
			}
			return
		}
		a := d.accounts("f")
		if next, err := a.encode(); err != nil || next != d {
			t.Fatalf("unchanged, and yet written: %v", err)
		}
		if d.later != "" {
			return
		}
		accepted := pluginAccepts(raw) == nil
		change(a, label, token, choice)
		next, err := a.encode()
		if err != nil {
			t.Fatalf("%q: %v", raw, err)
		}
		if err := pluginAccepts(next.raw); err != nil && accepted {
			t.Fatalf("%q became %q: %v", raw, next.raw, err)
		}
		keepsUnknown(t, raw, next.raw)
	})
}

// change does to the accounts one of the things that kyoli does.
func change(a *Accounts, label, token string, choice uint8) {
	var x *Account
	if len(a.List) > 0 {
		x = a.List[int(choice)%len(a.List)]
	}
	switch {
	case x == nil || choice%4 == 0:
		a.Add(&Account{RefreshToken: Secret(token), Label: label})
	case choice%4 == 1:
		x.Label, x.RefreshToken, x.AccessToken, x.ExpiresAt = label, Secret(token), "", 0
	case choice%4 == 2:
		a.Remove(x.UUID)
	default:
		x.CachedUsage = &Usage{FiveHour: &Window{Utilization: float64(choice)}}
		a.Active = x.UUID
	}
}

// keepsUnknown checks that members of the top level that kyoli does not know are the same bytes.
func keepsUnknown(t *testing.T, before, after []byte) {
	var b, a map[string]json.RawMessage
	if json.Unmarshal(before, &b) != nil || json.Unmarshal(after, &a) != nil {
		t.Fatalf("%q became %q", before, after)
	}
	for name, raw := range b {
		if name != "accounts" && name != "activeAccountUuid" && !bytes.Equal(raw, a[name]) {
			t.Fatalf("%s was %s and is %s", name, raw, a[name])
		}
	}
}
