package provider

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func window(percent float64, resets time.Duration) *Window {
	return &Window{Utilization: percent, ResetsAt: sentAt.Add(resets)}
}

func TestParseUsageOpenAI(t *testing.T) {
	const whole = `{"plan_type":"Plus","rate_limit":{"allowed":true,
		"primary_window":{"used_percent":37,"limit_window_seconds":18000,"reset_after_seconds":7200},
		"secondary_window":{"used_percent":5.5,"reset_after_seconds":345600}},"credits":null}`
	for _, tt := range []struct {
		name, body string
		want       *Usage
		wrong      string
	}{
		{"whole", whole, &Usage{FiveHour: window(37, 2*time.Hour), SevenDay: window(5.5, 96*time.Hour), Plan: "plus"}, ""},
		{"numbers in quotes", `{"rate_limit":{"primary_window":{"used_percent":"37","reset_after_seconds":" 7200 "}}}`, &Usage{FiveHour: window(37, 2*time.Hour)}, ""},
		{"null window", `{"rate_limit":{"primary_window":null,"secondary_window":{"used_percent":1,"reset_after_seconds":60}}}`, &Usage{SevenDay: window(1, time.Minute)}, ""},
		{"no limit at all", `{"rate_limit":null,"plan_type":"free"}`, &Usage{Plan: "free"}, ""},
		{"above", `{"rate_limit":{"primary_window":{"used_percent":1e306,"reset_after_seconds":60}}}`, &Usage{FiveHour: window(100, time.Minute)}, ""},
		{"infinite", `{"rate_limit":{"primary_window":{"used_percent":1e999,"reset_after_seconds":60}}}`, &Usage{FiveHour: window(100, time.Minute)}, ""},
		{"below", `{"rate_limit":{"primary_window":{"used_percent":-3,"reset_after_seconds":60}}}`, &Usage{FiveHour: window(0, time.Minute)}, ""},
		{"reset long past", `{"rate_limit":{"primary_window":{"used_percent":3,"reset_after_seconds":-1e18}}}`, &Usage{FiveHour: window(3, 0)}, ""},
		{"reset absurdly far", `{"rate_limit":{"primary_window":{"used_percent":100,"reset_after_seconds":1e18}}}`, &Usage{FiveHour: &Window{Utilization: 100}}, ""},
		{"no reset", `{"rate_limit":{"primary_window":{"used_percent":3}}}`, &Usage{FiveHour: &Window{Utilization: 3}}, ""},
		{"reset that is no number", `{"rate_limit":{"primary_window":{"used_percent":3,"reset_after_seconds":"NaN"}}}`, &Usage{FiveHour: &Window{Utilization: 3}}, ""},
		{"plan of another type", `{"rate_limit":null,"plan_type":{"a":1}}`, &Usage{}, ""},

		{"not a number", `{"rate_limit":{"primary_window":{"used_percent":"NaN"}}}`, nil, "its primary_window cannot be read"},
		{"Go's own numbers", `{"rate_limit":{"primary_window":{"used_percent":"0x10"}}}`, nil, "its primary_window cannot be read"},
		{"no number", `{"rate_limit":{"secondary_window":{"used_percent":null}}}`, nil, "its secondary_window cannot be read"},
		{"window of another type", `{"rate_limit":{"primary_window":[37]}}`, nil, "its primary_window cannot be read"},
		{"limit of another type", `{"rate_limit":"none"}`, nil, "the answer has no rate_limit"},
		{"no limit", `{"plan_type":"plus"}`, nil, "the answer has no rate_limit"},
		{"no windows", `{"rate_limit":{"allowed":true}}`, nil, "the answer's rate_limit has no windows"},
		{"HTML", `<html>`, nil, "the answer is not a JSON object"},
		{"nothing", ``, nil, "the answer is not a JSON object"},
		{"null", `null`, nil, "the answer is not a JSON object"},
		{"a list", `[]`, nil, "the answer is not a JSON object"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, wrong := parseUsage(UsageFormatOpenAI, []byte(tt.body), sentAt)
			checkUsage(t, tt.want, got, tt.wrong, wrong)
		})
	}
}

func TestParseUsageAnthropic(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		want       *Usage
		wrong      string
	}{
		{
			"whole", `{"five_hour":{"utilization":37.0,"resets_at":"2026-03-01T14:00:00.123456+00:00"},
			"seven_day":{"utilization":5,"resets_at":"2026-03-05T14:00:00+02:00"},
			"seven_day_sonnet":{"utilization":0,"resets_at":null},"seven_day_opus":null,"extra_usage":{"is_enabled":false}}`,
			&Usage{
				FiveHour: &Window{37, time.Date(2026, 3, 1, 14, 0, 0, 123456000, time.UTC)},
				SevenDay: window(5, 96*time.Hour), SevenDaySonnet: &Window{},
			}, "",
		},
		{"null windows", `{"five_hour":null,"seven_day":null,"seven_day_sonnet":null}`, &Usage{}, ""},
		{"numbers in quotes", `{"five_hour":{"utilization":"37","resets_at":"1772373600"}}`, &Usage{FiveHour: window(37, 2*time.Hour)}, ""},
		{"above", `{"seven_day":{"utilization":9999}}`, &Usage{SevenDay: &Window{Utilization: 100}}, ""},
		{"below", `{"seven_day":{"utilization":"-1e306"}}`, &Usage{SevenDay: &Window{}}, ""},
		{"reset absurdly far", `{"seven_day":{"utilization":100,"resets_at":"9999-12-31T23:59:59Z"}}`, &Usage{SevenDay: &Window{Utilization: 100}}, ""},
		{"reset long past", `{"seven_day":{"utilization":100,"resets_at":"0001-01-01T00:00:00Z"}}`, &Usage{SevenDay: &Window{Utilization: 100}}, ""},
		{"reset a moment ago", `{"seven_day":{"utilization":100,"resets_at":"2026-03-01T11:59:00Z"}}`, &Usage{SevenDay: window(100, -time.Minute)}, ""},
		{"reset that is no time", `{"seven_day":{"utilization":1,"resets_at":"soon"}}`, &Usage{SevenDay: &Window{Utilization: 1}}, ""},
		{"reset of another type", `{"seven_day":{"utilization":1,"resets_at":{}}}`, &Usage{SevenDay: &Window{Utilization: 1}}, ""},

		{"not a number", `{"five_hour":{"utilization":"NaN"},"seven_day":null}`, nil, "its five_hour cannot be read"},
		{"no utilization", `{"five_hour":{},"seven_day":null}`, nil, "its five_hour cannot be read"},
		{"window of another type", `{"five_hour":null,"seven_day":"x"}`, nil, "its seven_day cannot be read"},
		{"unreadable window for one model", `{"five_hour":null,"seven_day_sonnet":7}`, nil, "its seven_day_sonnet cannot be read"},
		{"only a window for one model", `{"seven_day_sonnet":null}`, nil, "the answer has no windows"},
		{"200 with an error", `{"error":{"type":"x"}}`, nil, "the answer has no windows"},
		{"OpenAI's form", `{"rate_limit":{"primary_window":{"used_percent":1}}}`, nil, "the answer has no windows"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, wrong := parseUsage(UsageFormatAnthropic, []byte(tt.body), sentAt)
			checkUsage(t, tt.want, got, tt.wrong, wrong)
		})
	}
}

func TestParseUsageByItsLooks(t *testing.T) {
	for body, want := range map[string]*Usage{
		`{"rate_limit":{"primary_window":{"used_percent":1,"reset_after_seconds":60}}}`: {FiveHour: window(1, time.Minute)},
		`{"five_hour":{"utilization":2}}`:                                               {FiveHour: &Window{Utilization: 2}},
		`{"usage":3}`:                                                                   nil,
	} {
		got, wrong := parseUsage(UsageFormatAuto, []byte(body), sentAt)
		if diff := cmp.Diff(want, got); diff != "" || (wrong == "") != (want != nil) {
			t.Errorf("%s: %q\n%s", body, wrong, diff)
		}
	}
}

func checkUsage(t *testing.T, want, got *Usage, wantWrong, wrong string) {
	t.Helper()
	if wrong != wantWrong {
		t.Fatalf("wrong %q, want %q", wrong, wantWrong)
	}
	if wrong != "" {
		got = nil
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// The reset is counted from our clock, by which it is judged later, and not from
// the provider's.
func TestUsageCountsFromOurClock(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", sentAt.Add(time.Hour).Format(http.TimeFormat))
		_, _ = io.WriteString(w, `{"rate_limit":{"primary_window":{"used_percent":100,"reset_after_seconds":60}}}`)
	})
	c := &Client{Now: func() time.Time { return sentAt }}
	got, err := c.Usage(t.Context(), probedAt(s.URL), accessToken, "")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&Usage{FiveHour: window(100, time.Minute)}, got); diff != "" {
		t.Error(diff)
	}
}

func TestUsageOfAnUnreadableAnswer(t *testing.T) {
	body := `{"five_hour":{"utilization":"many"}}`
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) })
	usage, err := (&Client{}).Usage(t.Context(), probedAt(s.URL), accessToken, "")
	want := &ProbeError{Provider: "acme", Probed: ProbedUsage, Status: 200, Description: "its five_hour cannot be read"}
	var got *ProbeError
	if usage != nil || !errors.As(err, &got) {
		t.Fatalf("got %v, %#v", usage, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzParseUsage(f *testing.F) {
	for _, s := range []string{
		`{"plan_type":"plus","rate_limit":{"primary_window":{"used_percent":1,"reset_after_seconds":60},"secondary_window":null}}`,
		`{"five_hour":{"utilization":1,"resets_at":"2026-03-01T14:00:00Z"},"seven_day":null,"seven_day_sonnet":{"utilization":"2"}}`,
		`{"rate_limit":{"primary_window":{"used_percent":"1e999","reset_after_seconds":-1e306}}}`, `{"five_hour":7}`, `<html>`, `null`,
	} {
		for _, format := range []string{UsageFormatAuto, UsageFormatOpenAI, UsageFormatAnthropic} {
			f.Add(format, s)
		}
	}
	f.Fuzz(func(t *testing.T, format, body string) {
		usage, wrong := parseUsage(format, []byte(body), sentAt)
		if wrong != "" {
			return
		}
		for _, w := range []*Window{usage.FiveHour, usage.SevenDay, usage.SevenDaySonnet} {
			switch {
			case w == nil:
			case !(w.Utilization >= 0 && w.Utilization <= 100):
				t.Fatalf("utilization %v", w.Utilization)
			case !w.ResetsAt.IsZero() && w.ResetsAt.Sub(sentAt).Abs() > furthestReset:
				t.Fatalf("resets at %v", w.ResetsAt)
			}
		}
		if strings.ContainsFunc(usage.Plan, unprintable) || len(usage.Plan) > maxPlan {
			t.Fatalf("plan %q", usage.Plan)
		}
	})
}
