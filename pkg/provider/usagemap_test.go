package provider

import (
	"maps"
	"math"
	"strings"
	"testing"
	"time"
)

func TestParseMapped(t *testing.T) {
	percent := map[string]string{
		"five_hour.utilization": "$.limits.short.used", "five_hour.resets_at": "$.limits.short.reset",
		"seven_day.utilization": "$.limits.long.used", "plan": "$.account.tier",
	}
	byName := map[string]string{
		"five_hour.used": `$.limits[?@.window == "5h"].used`, "five_hour.limit": `$.limits[?@.window == "5h"].limit`,
		"five_hour.resets_in": `$.limits[?@.window == "5h"].resets_in`,
	}
	remaining := map[string]string{"seven_day.remaining": "$.left", "seven_day.limit": "1000"}
	fraction := map[string]string{"five_hour.fraction": "$[0]"}
	for _, tt := range []struct {
		name, body string
		paths      map[string]string
		want       *Usage
		wrong      string
	}{
		{
			"percent", `{"limits":{"short":{"used":37,"reset":"2026-03-01T14:00:00Z"},"long":{"used":"5.5"}},"account":{"tier":"Pro"}}`, percent,
			&Usage{FiveHour: &Window{37, time.Date(2026, 3, 1, 14, 0, 0, 0, time.UTC)}, SevenDay: &Window{Utilization: 5.5}, Plan: "pro"}, "",
		},
		{"null window", `{"limits":{"short":null,"long":{"used":1}}}`, percent, &Usage{SevenDay: &Window{Utilization: 1}}, ""},
		{"no limits for this plan", `{"limits":{"short":{"used":null}},"account":{"tier":"max"}}`, percent, &Usage{Plan: "max"}, ""},
		{
			"out of range", `{"limits":{"short":{"used":1e999,"reset":1e300},"long":{"used":-7}}}`, percent,
			&Usage{FiveHour: &Window{Utilization: 100}, SevenDay: &Window{Utilization: 0}}, "",
		},
		{
			"from a list", `{"limits":[{"window":"7d","used":9,"limit":9},{"window":"5h","used":1,"limit":4,"resets_in":60}]}`, byName,
			&Usage{FiveHour: window(25, time.Minute)}, "",
		},
		{"unlimited", `{"limits":[{"window":"5h","used":1,"limit":null}]}`, byName, &Usage{}, ""},
		{"remaining, with a constant limit", `{"left":250}`, remaining, &Usage{SevenDay: &Window{Utilization: 75}}, ""},
		{"more than all remains", `{"left":2500}`, remaining, &Usage{SevenDay: &Window{Utilization: 0}}, ""},
		{"fraction", `[0.42]`, fraction, &Usage{FiveHour: &Window{Utilization: 42}}, ""},

		{"twice", `{"limits":[{"window":"5h","used":1,"limit":4},{"window":"5h","used":2,"limit":4}]}`, byName, nil, "usage_map.five_hour: used is in several places of the answer"},
		{"not a number", `{"limits":{"short":{"used":"NaN"}}}`, percent, nil, "usage_map.five_hour: utilization is not a number"},
		{"of another type", `{"limits":{"long":{"used":{}}}}`, percent, nil, "usage_map.seven_day: utilization is not a number"},
		{"no limit", `{"limits":[{"window":"5h","used":1}]}`, byName, nil, "usage_map.five_hour: limit is not in the answer"},
		{"limit of 0", `{"limits":[{"window":"5h","used":0,"limit":0}]}`, byName, nil, "usage_map.five_hour: limit or used is out of range"},
		{"elsewhere", `{"rate_limit":{}}`, percent, nil, "nothing is in the answer where usage_map looks"},
		{"HTML", `<html>`, percent, nil, "the answer is not JSON"},
		{"two answers", `{}{}`, percent, nil, "the answer is not JSON"},
		{"nothing", ``, percent, nil, "the answer is not JSON"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, wrong := parseMapped(tt.paths, []byte(tt.body), sentAt)
			checkUsage(t, tt.want, got, tt.wrong, wrong)
		})
	}
}

func TestMappedResets(t *testing.T) {
	paths := map[string]string{"five_hour.utilization": "$.u", "five_hour.resets_at": "$.r"}
	at := time.Date(2026, 3, 1, 14, 0, 0, 0, time.UTC)
	for in, want := range map[string]time.Time{
		`"2026-03-01T14:00:00Z"`: at, `1772373600`: at, `1772373600000`: at, `"1772373600"`: at,
		`"soon"`: {}, `null`: {}, `-1`: {}, `1e20`: {}, `"2126-03-01T14:00:00Z"`: {},
	} {
		u, wrong := parseMapped(paths, []byte(`{"u":1,"r":`+in+`}`), sentAt)
		if wrong != "" || !u.FiveHour.ResetsAt.Equal(want) {
			t.Errorf("%s: %+v, %q, want %v", in, u, wrong, want)
		}
	}
}

func TestUsageMapFaults(t *testing.T) {
	const head = "acme:\n  client_id: a\n  token_url: https://a.example/t\n  usage_map:\n"
	for _, tt := range []struct{ text, key, reason string }{
		{"    five_hour: {utilization: limits.used}", "usage_map.five_hour.utilization", badPath},
		{"    five_hour: {utilization: $..*..*..a}", "usage_map.five_hour.utilization", "at most one descendant"},
		{"    five_hour: {utilization: $.a, fraction: $.b}", "usage_map.five_hour", "want one of utilization"},
		{"    five_hour: {resets_at: $.a}", "usage_map.five_hour", "want one of utilization"},
		{"    seven_day: {used: $.a}", "usage_map.seven_day", "used and remaining need limit"},
		{"    seven_day: {fraction: $.a, limit: 5}", "usage_map.seven_day", "limit belongs to used"},
		{"    seven_day: {utilization: $.a, resets_at: $.b, resets_in: $.c}", "usage_map.seven_day", "not both"},
		{"    seven_day: {utilization: 5}", "usage_map.seven_day.utilization", badPath},
		{"    seven_day: {used: $.a, limit: 0}", "usage_map.seven_day.limit", "a number above 0"},
		{"    seven_day: {used: $.a, limit: []}", "usage_map.seven_day.limit", "want a string"},
		{"    monthly: {utilization: $.a}", "usage_map.monthly.utilization", "allowed: five_hour and seven_day"},
		{"    five_hour: $.a", "usage_map.five_hour", "allowed: five_hour and seven_day"},
		{"    plan: $.plan", "usage_map", "has no window"},
	} {
		problems, err := Check(overrides(t, head+tt.text), "kyoli.yaml", "acme")
		if err != nil || len(problems) != 1 {
			t.Errorf("%s: %v, %v", tt.text, problems, err)
			continue
		}
		p := problems[0]
		if p.Severity != SeverityError || p.Key != tt.key || p.Line != 5 || !strings.Contains(p.Reason, tt.reason) {
			t.Errorf("%s: %s %d %q: %s", tt.text, p.Severity, p.Line, p.Key, p.Reason)
		}
	}
}

// A window can be made key by key: what it lacks is told by who needs it.
func TestUsageMapUnfinished(t *testing.T) {
	for text, wrong := range map[string]string{
		"{five_hour: {used: $.a}}":      "usage_map.five_hour: used and remaining need limit",
		"{five_hour: {limit: 5}}":       "usage_map.five_hour: " + oneWay,
		"{seven_day: {resets_at: $.a}}": "usage_map.seven_day: " + oneWay,
		"{plan: $.a}":                   "usage_map: has no window; want five_hour or seven_day",
	} {
		a := get(t, load(t, "acme: {client_id: a, token_url: https://a.example/t, usage_map: "+text+"}"), "acme")
		got, why := a.parseUsage([]byte(`{"a":1}`), sentAt)
		checkUsage(t, nil, got, wrong, why)
	}
}

// A usage_map goes before the form that the provider's answers had.
func TestUsageMapOverBuiltin(t *testing.T) {
	r := load(t, "openai:\n  usage_map: {five_hour: {utilization: $.five}, plan: $.p}\n")
	got, wrong := get(t, r, "openai").parseUsage([]byte(`{"five":7,"p":"Plus","rate_limit":null}`), sentAt)
	checkUsage(t, &Usage{FiveHour: &Window{Utilization: 7}, Plan: "plus"}, got, "", wrong)
}

func TestIdentityMap(t *testing.T) {
	r := load(t, "acme:\n  client_id: a\n  token_url: https://a.example/t\n"+
		"  identity_map: {account_id: $.sub, email: \"$['https://acme.example/mail']\", plan: $.org.plan}\n")
	a := get(t, r, "acme")
	id, ok := a.Claims(jwt(`{"sub":"u-1","https://acme.example/mail":"a@b.example","email":"other@b.example","org":{"plan":"Team"}}`))
	if want := (Identity{AccountID: "u-1", Email: "a@b.example", Plan: "team", Subject: id.Subject}); !ok || id != want {
		t.Errorf("%+v", id)
	}
	id, _ = a.Claims(jwt(`{"sub":12345678901234567890,"email":"x@b.example"}`))
	if id.AccountID != "12345678901234567890" || id.Email != "x@b.example" {
		t.Errorf("%+v", id)
	}
	p, wrong := a.parseProfile([]byte(`{"org":{"plan":"Team"}}`))
	if wrong != "" || *p != (Profile{Plan: "team"}) {
		t.Errorf("%+v, %q", p, wrong)
	}
	if _, wrong = a.parseProfile([]byte(`{"sub":"u-1"}`)); wrong == "" {
		t.Error("an answer with neither e-mail nor plan is taken")
	}
}

func FuzzParseMapped(f *testing.F) {
	for _, path := range []string{"$.a", "$..a", `$.l[?@.w == "5h"].u`, "$['a']['b'][-1]", "$[?length(@.a) < 3]", "$[?'a' < @.b]", "a", "$["} {
		f.Add(path, path, `{"a":1,"l":[{"w":"5h","u":3}],"b":[null,{"a":"2"}]}`)
	}
	f.Add("$.u", "1e306", `{"u":1e308}`)
	f.Fuzz(func(t *testing.T, used, limit, body string) {
		m := map[string]string{"five_hour.used": used, "five_hour.limit": limit, "plan": used, "five_hour.resets_at": limit}
		if checkMapValue(used) != "" || checkMapValue(limit) != "" {
			return
		}
		before := maps.Clone(m)
		u, wrong := parseMapped(m, []byte(body), sentAt)
		if !maps.Equal(before, m) {
			t.Fatal("the paths have changed")
		}
		if wrong != "" || u.FiveHour == nil {
			return
		}
		if w := u.FiveHour; !(w.Utilization >= 0 && w.Utilization <= 100) || math.IsNaN(w.Utilization) {
			t.Fatalf("utilization %v", w.Utilization)
		} else if !w.ResetsAt.IsZero() && w.ResetsAt.Sub(sentAt).Abs() > furthestReset {
			t.Fatalf("resets at %v", w.ResetsAt)
		}
	})
}
