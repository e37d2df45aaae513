package migrate

import (
	"strings"
	"testing"
)

func TestSyncDryRun(t *testing.T) {
	t.Parallel()
	s := newShop(t, doc("openai", oauthJSON("work-rX", "work-aX", 5), "groq", `{"type":"api","key":"k"}`), account("work", farAhead))
	before := s.content(t)
	res := s.sync(t, dry)
	if res.Result != ResultWouldWrite || res.Account.Label != "work" || res.Refresh {
		t.Errorf("result %+v", res)
	}
	for _, secret := range []string{"work-r0", "work-a0", "work-rX", "work-aX"} {
		if strings.Contains(res.Diff, secret) {
			t.Errorf("the diff shows %s:\n%s", secret, res.Diff)
		}
	}
	for _, part := range []string{"--- ", "+++ ", "@@ \"openai\" @@", "-    \"expires\": 5", "+    \"expires\": 4102444800000", "+    \"accountId\": \"acct-work\"", "     \"type\": \"oauth\""} {
		if !strings.Contains(res.Diff, part) {
			t.Errorf("the diff lacks %q:\n%s", part, res.Diff)
		}
	}
	if strings.Count(res.Diff, "[redacted ") != 4 {
		t.Errorf("the diff does not tell the tokens apart:\n%s", res.Diff)
	}
	s.want(t, before)
	if exists(s.StateDir) {
		t.Error("a dry run made the state directory")
	}
	s.sync(t)
	if res := s.sync(t, dry); res.Result != ResultUnchanged || res.Diff != "" {
		t.Errorf("after the sync: %+v", res)
	}
}

// A dry run adopts nothing and refreshes nothing, and says that it would.
func TestSyncDryRunAdoptsNothing(t *testing.T) {
	t.Parallel()
	s := newShop(t, "", account("work", farAhead))
	s.sync(t)
	content := doc("openai", oauthJSON("work-r1", "work-a1", farAhead+5, "accountId", "acct-work"))
	s.put(t, content)
	state := s.state(t)
	res := s.sync(t, dry)
	if res.Adopted == nil || res.Result != ResultUnchanged {
		t.Errorf("result %+v", res)
	}
	s.stale["work-0000"] = true
	if res = s.sync(t, dry); !res.Refresh || res.Result != ResultWouldWrite {
		t.Errorf("stale: %+v", res)
	}
	if s.account(t, "work").RefreshToken != "work-r0" || len(s.spent) != 0 || s.state(t) != state {
		t.Error("a dry run changed something")
	}
	s.want(t, content)
}
