package migrate

import (
	"errors"
	"strings"
	"testing"
)

func TestSyncForeign(t *testing.T) {
	t.Parallel()
	for name, entry := range map[string]string{
		"OAuth":         oauthJSON("f-r", "stranger-a", farAhead+9, "accountId", "acct-stranger"),
		"opaque OAuth":  oauthJSON("f-r", "opaque", farAhead+9),
		"API key":       `{"type":"api","key":"sk"}`,
		"well-known":    `{"type":"wellknown","key":"K","token":"t"}`,
		"unknown":       `{"type":"passkey"}`,
		"another login": oauthJSON("f-r", "other-a9", farAhead+9, "accountId", "acct-work"),
	} {
		t.Run(name, func(t *testing.T) {
			content := doc("groq", `{"type":"api","key":"k"}`, "openai", entry)
			s := newShop(t, content, account("work", farAhead))
			s.stale["work-0000"] = true
			var foreign *ForeignLoginError
			_, err := s.try(t)
			if !errors.As(err, &foreign) || foreign.Key != "openai" || foreign.Path == "" || !strings.HasPrefix(foreign.Hint(), "kyoli ") {
				t.Fatalf("error %v", err)
			}
			if _, err := s.try(t, dry); !errors.As(err, &foreign) {
				t.Errorf("dry run: %v", err)
			}
			s.want(t, content)
			if len(s.spent) > 0 {
				t.Error("a token was refreshed for nothing")
			}
			if res := s.sync(t, forced); res.Result != ResultWritten || !res.Overwritten {
				t.Errorf("forced: %+v", res)
			}
			s.has(t, s.account(t, "work"))
		})
	}
}

// After kyoli's entry somebody logs in as another: that is foreign, not rotated.
func TestSyncOtherLoginOverOurs(t *testing.T) {
	t.Parallel()
	s := newShop(t, "", account("work", farAhead))
	s.sync(t)
	content := doc("openai", oauthJSON("f-r", "stranger-a1", farAhead+9, "accountId", "acct-stranger"))
	s.put(t, content)
	var foreign *ForeignLoginError
	if _, err := s.try(t); !errors.As(err, &foreign) {
		t.Errorf("error %v", err)
	}
	s.want(t, content)
	if s.account(t, "work").RefreshToken != "work-r0" {
		t.Error("the stranger's credential was adopted")
	}
}

// kyoli's state is gone, but the entry is one of its accounts'.
func TestSyncKnowsItsAccountsWithoutLedger(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		entry   string
		adopted bool
	}{
		"newer":           {oauthJSON("w-r9", "work-a9", farAhead+9), true},
		"older":           {oauthJSON("w-r9", "work-a9", 9), false},
		"lent by a run":   {oauthJSON("", "work-a0", farAhead), false},
		"by account id":   {oauthJSON("w-r9", "opaque", farAhead+9, "accountId", "acct-work"), true},
		"same, unrotated": {oauthJSON("work-r0", "work-a9", farAhead+9), true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, doc("openai", c.entry), account("work", farAhead), account("home", farAhead))
			res := s.sync(t, named("work"))
			if (res.Adopted != nil) != c.adopted {
				t.Errorf("adopted %v", res.Adopted)
			}
			e := s.entry(t)
			if a := s.account(t, "work"); e.Credential() != a.Credential() {
				t.Errorf("store and file differ: %s", e.raw)
			}
		})
	}
}

// Members of a workspace share its id, so it names no account.
func TestSyncSharedAccountID(t *testing.T) {
	t.Parallel()
	a, b := account("a", farAhead), account("b", farAhead)
	a.AccountID, b.AccountID, a.Email, b.Email = "team", "team", "", ""
	s := newShop(t, doc("openai", oauthJSON("x-r", "opaque", farAhead+1, "accountId", "team")), a, b)
	var foreign *ForeignLoginError
	if _, err := s.try(t); !errors.As(err, &foreign) {
		t.Errorf("error %v", err)
	}
}

// A crash between kyoli's write and its note of it, and then a rotation by
// OpenCode: the entry is the second account's, not the first one's.
func TestSyncAfterCrash(t *testing.T) {
	t.Parallel()
	s := newShop(t, "", account("work", farAhead), account("home", farAhead))
	s.sync(t, named("work"))
	err := s.under(testContext(t), func(x *session) error {
		e, _ := parsed(t, s.content(t)).Entry("openai")
		home := s.account(t, "home")
		return x.intend(e, s.markOf(home, home.Credential(), true))
	})
	if err != nil {
		t.Fatal(err)
	}
	s.put(t, doc("openai", oauthJSON("home-r1", "home-a1", farAhead+1)))
	if res := s.sync(t, named("home")); res.Adopted == nil || res.Adopted.Label != "home" {
		t.Errorf("adopted %v", res.Adopted)
	}
	if s.account(t, "work").RefreshToken != "work-r0" {
		t.Error("the wrong account took it")
	}
}
