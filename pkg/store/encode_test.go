package store

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestChangesTouchNothingElse makes one change at a time and compares the whole file.
func TestChangesTouchNothingElse(t *testing.T) {
	reset := time.Date(2026, 2, 3, 4, 5, 6, 7_000_000, time.FixedZone("", 3600))
	tests := []struct {
		name     string
		change   func(a *Accounts)
		old, new string
	}{
		{"nothing", func(*Accounts) {}, "", ""},
		{"label", func(a *Accounts) { a.Get(uuidA).Label = `new "one"` }, `"label": "work"`, `"label": "new \"one\""`},
		{"label taken away", func(a *Accounts) { a.Get(uuidA).Label = "" }, "      \"label\": \"work\",\n", ""},
		{"plan taken away", func(a *Accounts) { a.Get(uuidA).PlanTier = "" }, `"planTier": "plus"`, `"planTier": ""`},
		{"the same time in another spelling", func(a *Accounts) { a.Get(uuidA).ExpiresAt = 1_700_000_000_000 }, "", ""},
		{
			"credential", func(a *Accounts) { a.Get(uuidB).SetCredential(Credential{"rt-c", "at-c", 5}) },
			"      \"refreshToken\": \"rt-b\",\n      \"addedAt\": 1690000000000,\n      \"lastUsed\": 0,\n      \"enabled\": false\n",
			"      \"refreshToken\": \"rt-c\",\n      \"addedAt\": 1690000000000,\n      \"lastUsed\": 0,\n      \"enabled\": false,\n      \"accessToken\": \"at-c\",\n      \"expiresAt\": 5\n",
		},
		{
			"access token taken away", func(a *Accounts) { a.Get(uuidA).AccessToken, a.Get(uuidA).ExpiresAt = "", 0 },
			"      \"accessToken\": \"at-a\",\n      \"expiresAt\": 1.7e12,\n", "",
		},
		{"refresh token emptied", func(a *Accounts) { a.Get(uuidA).RefreshToken = "" }, `"rt-a"`, `""`},
		{"enabled", func(a *Accounts) { a.Get(uuidB).Enabled = true }, `"enabled": false`, `"enabled": true`},
		{
			"disabled where it was by default", func(a *Accounts) { a.Get(uuidA).Enabled = false },
			"\"cachedUsageAt\": 1690000000002\n", "\"cachedUsageAt\": 1690000000002,\n      \"enabled\": false\n",
		},
		{"used", func(a *Accounts) { a.Get(uuidB).LastUsed = 7 }, `"lastUsed": 0`, `"lastUsed": 7`},
		{"time of usage taken away", func(a *Accounts) { a.Get(uuidA).CachedUsageAt = 0 }, ",\n      \"cachedUsageAt\": 1690000000002", ""},
		{"active", func(a *Accounts) { a.Active = uuidB }, "\"activeAccountUuid\": \"" + uuidA, "\"activeAccountUuid\": \"" + uuidB},
		{"no active", func(a *Accounts) { a.Active = "" }, ",\n  \"activeAccountUuid\": \"" + uuidA + "\"", ""},
		{"utilization", func(a *Accounts) { a.Get(uuidA).CachedUsage.FiveHour.Utilization = 99.9 }, "12.50", "99.9"},
		{"utilization out of range", func(a *Accounts) { a.Get(uuidA).CachedUsage.FiveHour.Utilization = 101 }, "12.50", "100"},
		{"utilization that is no number", func(a *Accounts) { a.Get(uuidA).CachedUsage.FiveHour.Utilization = math.NaN() }, "12.50", "0"},
		{"reset", func(a *Accounts) { a.Get(uuidA).CachedUsage.FiveHour.ResetsAt = reset }, "2026-01-01T00:00:00Z", "2026-02-03T03:05:06.007Z"},
		{"reset unknown", func(a *Accounts) { a.Get(uuidA).CachedUsage.FiveHour.ResetsAt = time.Time{} }, `"2026-01-01T00:00:00Z"`, "null"},
		{
			"another window", func(a *Accounts) { a.Get(uuidA).CachedUsage.SevenDay = &Window{Utilization: 3} },
			`"seven_day": null`, "\"seven_day\": {\n          \"utilization\": 3,\n          \"resets_at\": null\n        }",
		},
		{
			"no window", func(a *Accounts) { a.Get(uuidA).CachedUsage.FiveHour = nil },
			"{\n          \"utilization\": 12.50,\n          \"resets_at\": \"2026-01-01T00:00:00Z\",\n          \"note\": \"\\u00e9\"\n        }", "null",
		},
		{"same usage in a new value", func(a *Accounts) { a.Get(uuidA).CachedUsage = a.Get(uuidA).CachedUsage.Clone() }, "", ""},
		{
			"first usage", func(a *Accounts) { a.Get(uuidB).CachedUsage = &Usage{SevenDay: &Window{1.5, reset}} }, "\"enabled\": false\n",
			"\"enabled\": false,\n      \"cachedUsage\": {\n        \"seven_day\": {\n          \"utilization\": 1.5,\n          \"resets_at\": \"2026-02-03T03:05:06.007Z\"\n        }\n      }\n",
		},
		{"text that is not UTF-8", func(a *Accounts) { a.Get(uuidA).Label = "a\xff" }, `"label": "work"`, "\"label\": \"a\ufffd\""},
		{"removed first", func(a *Accounts) { a.Remove(uuidB) }, ",\n" + two[strings.Index(two, "    {\n      \"uuid\": \"bbbb"):strings.Index(two, "\n  ],")], ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if strings.Count(two, tt.old) != 1 && tt.old != "" {
				t.Fatalf("%q is there %d times", tt.old, strings.Count(two, tt.old))
			}
			a := mustParse(t, two).accounts("f")
			tt.change(a)
			if diff := cmp.Diff(strings.Replace(two, tt.old, tt.new, 1), encoded(t, a)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUsageTakenAway(t *testing.T) {
	a := mustParse(t, two).accounts("f")
	a.Get(uuidA).CachedUsage = nil
	if got := encoded(t, a); strings.Contains(got, "five_hour") {
		t.Error(got)
	}
}

func TestNewFile(t *testing.T) {
	var d *document
	a := d.accounts("f")
	if next, err := a.encode(); err != nil || next != nil {
		t.Errorf("nothing to write, and yet %v, %v", next, err)
	}
	a.Add(&Account{UUID: "u", Label: "l", RefreshToken: "r", AccessToken: "t", ExpiresAt: 3, AddedAt: 1, Enabled: true})
	want := `{
  "version": 1,
  "accounts": [
    {
      "uuid": "u",
      "label": "l",
      "planTier": "",
      "refreshToken": "r",
      "accessToken": "t",
      "expiresAt": 3,
      "addedAt": 1,
      "lastUsed": 0,
      "enabled": true,
      "consecutiveAuthFailures": 0,
      "isAuthDisabled": false
    }
  ],
  "activeAccountUuid": "u"
}`
	if diff := cmp.Diff(want, encoded(t, a)); diff != "" {
		t.Error(diff)
	}
}

func TestAddToAnExistingFile(t *testing.T) {
	a := mustParse(t, two).accounts("f")
	a.Add(&Account{Label: "new", RefreshToken: "rt-n"})
	got := encoded(t, a)
	at := strings.Index(two, "\n  ],")
	if !strings.HasPrefix(got, two[:at]+",\n    {\n      \"uuid\": \"") || !strings.HasSuffix(got, "\n    }"+two[at:]) {
		t.Error(got)
	}
	if uuid := a.List[2].UUID; len(uuid) != 36 || a.Active != uuidA {
		t.Errorf("uuid %q, active %q", uuid, a.Active)
	}
}

func TestAddToAFileWithoutAList(t *testing.T) {
	a := mustParse(t, `{"version":1}`).accounts("f")
	a.Add(&Account{UUID: "u", RefreshToken: "r"})
	if got := labels(mustParse(t, encoded(t, a)).accounts("f")); got != "" {
		t.Errorf("labels: %q", got)
	}
}

// TestAddInPlaceOf: an account that is there already keeps its place and what kyoli does not know of it.
func TestAddInPlaceOf(t *testing.T) {
	a := mustParse(t, two).accounts("f")
	a.Add(&Account{UUID: uuidA, Label: "again", RefreshToken: "rt-n", AddedAt: 1, Enabled: true})
	got := encoded(t, a)
	if len(a.List) != 2 || !strings.Contains(got, `"big": 9007199254740993`) || !strings.Contains(got, `"rt-n"`) || strings.Contains(got, "rt-a") {
		t.Error(got)
	}
}

func TestRemoveAll(t *testing.T) {
	a := mustParse(t, two).accounts("f")
	if !a.Remove(uuidA) || a.Active != uuidB {
		t.Errorf("the active account is %q", a.Active)
	}
	if !a.Remove(uuidB) || a.Active != "" || a.Remove(uuidB) {
		t.Errorf("the active account is %q", a.Active)
	}
	want := "{\n  \"version\": 1,\n  \"future\": {\"z\": 1.50, \"a\": [1e3]},\n  \"accounts\": []\n}\n"
	if got := encoded(t, a); got != want {
		t.Errorf("got %q", got)
	}
}

// TestUUIDChange: a refresh may bring another uuid, and the active account follows.
func TestUUIDChange(t *testing.T) {
	a := mustParse(t, two).accounts("f")
	a.Get(uuidA).UUID = "new"
	if got, want := encoded(t, a), strings.ReplaceAll(two, uuidA, "new"); got != want {
		t.Errorf("got %s", got)
	}
}

func TestOneLineFile(t *testing.T) {
	a := mustParse(t, `{"version":1,"accounts":[{`+minimal+`,"uuid":"u"}]}`).accounts("f")
	a.Get("u").CachedUsage = &Usage{FiveHour: &Window{Utilization: 1}}
	a.Active = "u"
	want := `{"version":1,"accounts":[{` + minimal + `,"uuid":"u","cachedUsage":{"five_hour":{"utilization":1,"resets_at":null}}}],"activeAccountUuid":"u"}`
	if got := encoded(t, a); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func TestDelta(t *testing.T) {
	read := func(edit func(a *Accounts)) (*document, *Accounts) {
		d := mustParse(t, two)
		a := d.accounts("f")
		edit(a)
		return d, a
	}
	tests := []struct {
		name         string
		ours, theirs func(a *Accounts)
		check        func(a *Accounts) bool
	}{
		{
			"different fields of one account", func(a *Accounts) { a.Get(uuidA).Label = "ours" }, func(a *Accounts) { a.Get(uuidA).PlanTier = "pro" },
			func(a *Accounts) bool { return a.Get(uuidA).Label == "ours" && a.Get(uuidA).PlanTier == "pro" },
		},
		{
			"the same field", func(a *Accounts) { a.Get(uuidA).Label = "ours" }, func(a *Accounts) { a.Get(uuidA).Label = "theirs" },
			func(a *Accounts) bool { return a.Get(uuidA).Label == "ours" },
		},
		{
			"both add", func(a *Accounts) { a.Add(&Account{UUID: "x"}) }, func(a *Accounts) { a.Add(&Account{UUID: "y"}) },
			func(a *Accounts) bool { return a.Get("x") != nil && a.Get("y") != nil && len(a.List) == 4 },
		},
		{
			"both add the same", func(a *Accounts) { a.Add(&Account{UUID: "x"}) }, func(a *Accounts) { a.Add(&Account{UUID: "x", Label: "theirs"}) },
			func(a *Accounts) bool { return len(a.List) == 3 && a.Get("x").Label == "theirs" },
		},
		{
			"we remove", func(a *Accounts) { a.Remove(uuidA) }, func(a *Accounts) { a.Get(uuidA).Label = "theirs" },
			func(a *Accounts) bool { return a.Get(uuidA) == nil && a.Active == uuidB },
		},
		{
			"they remove", func(a *Accounts) { a.Get(uuidB).Label = "ours" }, func(a *Accounts) { a.Remove(uuidB) },
			func(a *Accounts) bool { return a.Get(uuidB) == nil },
		},
		{
			"we rotate", func(a *Accounts) { a.Get(uuidA).SetCredential(Credential{"new", "new", 9e12}) }, func(a *Accounts) { a.Get(uuidA).LastUsed = 9 },
			func(a *Accounts) bool { return a.Get(uuidA).RefreshToken == "new" && a.Get(uuidA).LastUsed == 9 },
		},
		{
			"they rotate", func(a *Accounts) { a.Get(uuidA).LastUsed = 9 }, func(a *Accounts) { a.Get(uuidA).SetCredential(Credential{"new", "new", 9e12}) },
			func(a *Accounts) bool { return a.Get(uuidA).AccessToken == "new" && a.Get(uuidA).LastUsed == 9 },
		},
		{
			"both rotate, theirs lives longer", func(a *Accounts) { a.Get(uuidA).SetCredential(Credential{"o", "o", 8e12}) }, func(a *Accounts) { a.Get(uuidA).SetCredential(Credential{"t", "t", 9e12}) },
			func(a *Accounts) bool { return a.Get(uuidA).Credential() == Credential{"t", "t", 9e12} },
		},
		{
			"both rotate, ours lives longer", func(a *Accounts) { a.Get(uuidA).SetCredential(Credential{"o", "o", 9e12}) }, func(a *Accounts) { a.Get(uuidA).SetCredential(Credential{"t", "t", 8e12}) },
			func(a *Accounts) bool { return a.Get(uuidA).Credential() == Credential{"o", "o", 9e12} },
		},
		{
			"usage", func(a *Accounts) { a.Get(uuidA).CachedUsage.FiveHour.Utilization = 50 }, func(a *Accounts) { a.Get(uuidA).Label = "theirs" },
			func(a *Accounts) bool {
				return a.Get(uuidA).CachedUsage.FiveHour.Utilization == 50 && a.Get(uuidA).Label == "theirs"
			},
		},
		{
			"active", func(a *Accounts) { a.Active = uuidB }, func(a *Accounts) { a.Get(uuidA).Label = "theirs" },
			func(a *Accounts) bool { return a.Active == uuidB },
		},
		{
			"another uuid", func(a *Accounts) { a.Get(uuidA).UUID = "new" }, func(a *Accounts) { a.Get(uuidA).Label = "theirs" },
			func(a *Accounts) bool {
				return len(a.List) == 2 && a.Get("new").Label == "theirs" && a.active() == "new"
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			base, ours := read(tt.ours)
			_, a := read(tt.theirs)
			next, err := a.encode()
			if err != nil {
				t.Fatal(err)
			}
			theirs := next.accounts("f")
			delta{base, ours}.apply(theirs)
			if !tt.check(theirs) {
				t.Errorf("got %s", encoded(t, theirs))
			}
			once := encoded(t, theirs)
			again := mustParse(t, once).accounts("f")
			delta{base, ours}.apply(again)
			if twice := encoded(t, again); twice != once {
				t.Errorf("applied again it is\n%s\nand was\n%s", twice, once)
			}
		})
	}
}
