package executor

import (
	"net/http"
	"testing"
	"time"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func headers(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

func TestRetryAfter(t *testing.T) {
	const second = time.Second
	for name, tt := range map[string]struct {
		h    http.Header
		want time.Duration
	}{
		"none":             {headers(), 0},
		"seconds":          {headers("Retry-After", "120"), 120 * second},
		"a fraction":       {headers("Retry-After", "1.5"), 1500 * time.Millisecond},
		"with a unit":      {headers("Retry-After", "1500ms"), 1500 * time.Millisecond},
		"milliseconds":     {headers("Retry-After-Ms", "2500"), 2500 * time.Millisecond},
		"both":             {headers("Retry-After-Ms", "2500", "Retry-After", "9"), 2500 * time.Millisecond},
		"bad milliseconds": {headers("Retry-After-Ms", "soon", "Retry-After", "9"), 9 * second},
		"a date":           {headers("Retry-After", "Fri, 01 May 2026 12:10:00 GMT"), 10 * time.Minute},
		"a date by another clock": {
			headers("Retry-After", "Fri, 01 May 2026 13:10:00 GMT", "Date", "Fri, 01 May 2026 13:00:00 GMT"), 10 * time.Minute,
		},
		"a date that has passed": {headers("Retry-After", "Fri, 01 May 2026 11:10:00 GMT"), 0},
		"an old form of date":    {headers("Retry-After", "Friday, 01-May-26 12:10:00 GMT"), 10 * time.Minute},
		"zero":                   {headers("Retry-After", "0"), 0},
		"negative":               {headers("Retry-After", "-5"), 0},
		"endless":                {headers("Retry-After", "1e300"), longestWait},
		"infinite":               {headers("Retry-After", "Inf"), longestWait},
		"no number":              {headers("Retry-After", "NaN"), 0},
		"words":                  {headers("Retry-After", "in a while"), 0},
	} {
		if got := retryAfter(tt.h, noon); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

func TestWaitInWords(t *testing.T) {
	for message, want := range map[string]time.Duration{
		"Rate limit reached. Please try again in 3.2s.":                    3200 * time.Millisecond,
		"Please try again in 20ms. Visit https://example.com":              20 * time.Millisecond,
		"Please try again in 6m0s.":                                        6 * time.Minute,
		"please TRY AGAIN IN 1h2m3s":                                       time.Hour + 2*time.Minute + 3*time.Second,
		"You've hit your limit. Try again in 2 days 3 hours 5 minutes.":    51*time.Hour + 5*time.Minute,
		"Try again in 2 days, 3 hours and 1 minute":                        51*time.Hour + time.Minute,
		"retry after 45 seconds":                                           45 * time.Second,
		"Your quota resets in 4 hrs":                                       4 * time.Hour,
		"Try again in 5 months":                                            0,
		"Try again in a while":                                             0,
		"Try again in 5":                                                   0,
		"Try again in 99999999999999999999999999999999999999999999 hours.": longestWait,
		"": 0,
	} {
		if got := WaitInWords(message); got != want {
			t.Errorf("%q: %s, want %s", message, got, want)
		}
	}
}

func TestMoment(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"2026-05-01T12:30:00Z":      30 * time.Minute,
		"2026-05-01T14:30:00+02:00": 30 * time.Minute,
		"1777638600":                30 * time.Minute,
		"1777638600000":             30 * time.Minute,
		"1777638600.5":              30 * time.Minute,
		"90":                        90 * time.Second,
		"6m0s":                      6 * time.Minute,
		"1777630000":                0,
		"":                          0,
		"null":                      0,
		"1e306":                     longestWait,
		"-1":                        0,
	} {
		if got := moment(text, noon); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestLimitReset(t *testing.T) {
	for name, tt := range map[string]struct {
		h    http.Header
		want time.Duration
	}{
		"none": {headers(), 0},
		"anthropic, unified": {
			headers("anthropic-ratelimit-unified-reset", "1777638600"), 30 * time.Minute,
		},
		"anthropic, the window that is used up": {
			headers("anthropic-ratelimit-unified-5h-utilization", "0.4", "anthropic-ratelimit-unified-5h-reset", "1777637400",
				"anthropic-ratelimit-unified-7d-utilization", "1.0", "anthropic-ratelimit-unified-7d-reset", "1777638600"), 30 * time.Minute,
		},
		"anthropic, per minute": {
			headers("anthropic-ratelimit-requests-remaining", "3", "anthropic-ratelimit-requests-reset", "2026-05-01T12:09:00Z",
				"anthropic-ratelimit-tokens-remaining", "0", "anthropic-ratelimit-tokens-reset", "2026-05-01T12:00:40Z"), 40 * time.Second,
		},
		"openai": {
			headers("x-ratelimit-remaining-requests", "0", "x-ratelimit-reset-requests", "6m0s",
				"x-ratelimit-remaining-tokens", "149984", "x-ratelimit-reset-tokens", "9h"), 6 * time.Minute,
		},
		"codex": {
			headers("x-codex-primary-used-percent", "100", "x-codex-primary-reset-after-seconds", "1200",
				"x-codex-secondary-used-percent", "100.0", "x-codex-secondary-reset-at", "1777638600"), 30 * time.Minute,
		},
		"nothing used up":      {headers("x-codex-primary-used-percent", "99", "x-codex-primary-reset-after-seconds", "1200"), 0},
		"no numbers":           {headers("x-codex-primary-used-percent", "all", "x-codex-primary-reset-after-seconds", "1200"), 0},
		"the internet's draft": {headers("ratelimit-reset", "50"), 50 * time.Second},
	} {
		if got := limitReset(tt.h, noon); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("120", "", "")
	f.Add("Fri, 01 May 2026 13:10:00 GMT", "1e9", "Fri, 01 May 2026 13:00:00 GMT")
	f.Fuzz(func(t *testing.T, after, ms, date string) {
		h := http.Header{"Retry-After": {after}, "Retry-After-Ms": {ms}, "Date": {date}}
		if d := retryAfter(h, noon); d < 0 || d > longestWait {
			t.Errorf("%q, %q, %q: %s", after, ms, date, d)
		}
		for _, d := range []time.Duration{moment(after, noon), spanOrSeconds(ms), WaitInWords("try again in " + after)} {
			if d < 0 || d > longestWait {
				t.Errorf("%q, %q: %s", after, ms, d)
			}
		}
		if d, n := span(after); n < 0 || n > len(after) || n == 0 && d != 0 {
			t.Errorf("%q: %s in %d bytes", after, d, n)
		}
	})
}
