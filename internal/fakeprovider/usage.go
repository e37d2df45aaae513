package fakeprovider

import (
	"net/http"
	"strings"
	"time"
)

// usage answers OpenAI's form and Anthropic's in one: each reader takes the
// members it knows.
func (p *Provider) usage(w http.ResponseWriter, r *http.Request, _ []byte) {
	a, ok := p.known(w, r)
	if !ok {
		return
	}
	now := p.now()
	window := func(percent float64, length time.Duration) map[string]any {
		return map[string]any{"used_percent": percent, "reset_after_seconds": int(length.Seconds())}
	}
	utilization := func(percent float64, length time.Duration) map[string]any {
		return map[string]any{"utilization": percent, "resets_at": now.Add(length).UTC().Format(time.RFC3339)}
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"plan_type": a.Plan,
		"rate_limit": map[string]any{
			"primary_window":   window(a.Primary, 2*time.Hour),
			"secondary_window": window(a.Secondary, 72*time.Hour),
		},
		"five_hour": utilization(a.Primary, 2*time.Hour),
		"seven_day": utilization(a.Secondary, 72*time.Hour),
		// As for an account without a limit of its own for this model.
		"seven_day_sonnet": nil,
	})
}

// profile is Anthropic's.
func (p *Provider) profile(w http.ResponseWriter, r *http.Request, _ []byte) {
	a, ok := p.known(w, r)
	if !ok {
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"account": map[string]any{
		"uuid": a.UUID(), "email": a.Email,
		"has_claude_max": strings.EqualFold(a.Plan, "max"), "has_claude_pro": strings.EqualFold(a.Plan, "pro"),
	}})
}

// known checks the bearer but not the limit: a limited account may still ask
// how limited it is.
func (p *Provider) known(w http.ResponseWriter, r *http.Request) (Account, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.access[bearerOf(r)]
	if g == nil || !p.good(g) {
		writeJSON(w, http.StatusUnauthorized, map[string]any{"error": map[string]any{"message": "unauthorized"}})
		return Account{}, false
	}
	return *p.accounts[g.account], true
}

// Use sets what the account has used of its windows of 5 h and 7 d, in percent.
func (p *Provider) Use(id string, primary, secondary float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if a := p.accounts[id]; a != nil {
		a.Primary, a.Secondary = primary, secondary
	}
}
