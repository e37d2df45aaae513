package executor

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// billingRest is how long an account rests that has begun to be billed outside its subscription.
const billingRest = 24 * time.Hour

// limitWindow names the headers of one limit. It is used up where one of the first two says so.
type limitWindow struct{ remaining, used, reset, resetAfter string }

// limitWindows are the limits that providers tell about: Anthropic's API and subscriptions, OpenAI's
// API and subscriptions.
var limitWindows = []limitWindow{
	{used: "Anthropic-Ratelimit-Unified-5h-Utilization", reset: "Anthropic-Ratelimit-Unified-5h-Reset"},
	{used: "Anthropic-Ratelimit-Unified-7d-Utilization", reset: "Anthropic-Ratelimit-Unified-7d-Reset"},
	{remaining: "Anthropic-Ratelimit-Requests-Remaining", reset: "Anthropic-Ratelimit-Requests-Reset"},
	{remaining: "Anthropic-Ratelimit-Tokens-Remaining", reset: "Anthropic-Ratelimit-Tokens-Reset"},
	{remaining: "Anthropic-Ratelimit-Input-Tokens-Remaining", reset: "Anthropic-Ratelimit-Input-Tokens-Reset"},
	{remaining: "Anthropic-Ratelimit-Output-Tokens-Remaining", reset: "Anthropic-Ratelimit-Output-Tokens-Reset"},
	{used: "X-Codex-Primary-Used-Percent", reset: "X-Codex-Primary-Reset-At", resetAfter: "X-Codex-Primary-Reset-After-Seconds"},
	{used: "X-Codex-Secondary-Used-Percent", reset: "X-Codex-Secondary-Reset-At", resetAfter: "X-Codex-Secondary-Reset-After-Seconds"},
	{remaining: "X-Ratelimit-Remaining-Requests", resetAfter: "X-Ratelimit-Reset-Requests"},
	{remaining: "X-Ratelimit-Remaining-Tokens", resetAfter: "X-Ratelimit-Reset-Tokens"},
}

// overallResets name no limit of their own; Anthropic's is the one in force.
var overallResets = []string{"Anthropic-Ratelimit-Unified-Reset", "Ratelimit-Reset", "X-Ratelimit-Reset"}

// limitReset is how long it takes until the limits that an answer's headers call used up are reset,
// the latest of them; 0 where they do not say.
func limitReset(h http.Header, now time.Time) time.Duration {
	var wait time.Duration
	for _, w := range limitWindows {
		if w.usedUp(h) {
			wait = max(wait, spanOrSeconds(h.Get(w.resetAfter)), moment(h.Get(w.reset), now))
		}
	}
	for _, name := range overallResets {
		if wait == 0 {
			wait = moment(h.Get(name), now)
		}
	}
	return wait
}

func (w limitWindow) usedUp(h http.Header) bool {
	if remaining, err := strconv.ParseFloat(h.Get(w.remaining), 64); w.remaining != "" && err == nil {
		return remaining <= 0
	}
	used, err := strconv.ParseFloat(h.Get(w.used), 64)
	full := 100.0
	if strings.HasSuffix(w.used, "Utilization") {
		full = 1 // a share, not percent
	}
	return w.used != "" && err == nil && used >= full
}

// billedOutside tells whether an answer was charged to something else than the account's
// subscription.
func billedOutside(h http.Header) bool {
	claim := strings.ToLower(h.Get("Anthropic-Ratelimit-Unified-Representative-Claim"))
	for word := range strings.FieldsFuncSeq(claim, func(r rune) bool { return r < 'a' || r > 'z' }) {
		switch word {
		case "api", "overage", "credit", "credits", "sdk":
			return true
		}
	}
	return false
}
