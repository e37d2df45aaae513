package provider

import (
	"context"
	"encoding/json"
)

// Profile is whose account it is. What the provider does not say is "".
type Profile struct {
	Email string
	Plan  string // lower case
}

// Profile asks the adapter's profile_url whose account it is. The error is a
// *ProbeError, also for an answer that names neither an e-mail nor a plan.
func (c *Client) Profile(ctx context.Context, a *Adapter, access, accountID string) (*Profile, error) {
	raw, err := c.probe(ctx, a, ProbedProfile, a.ProfileURL, access, accountID)
	if err != nil {
		return nil, err
	}
	profile, wrong := a.parseProfile(raw.Body)
	if wrong != "" {
		return nil, unreadable(a, ProbedProfile, raw, wrong)
	}
	return profile, nil
}

func (a *Adapter) parseProfile(body []byte) (profile *Profile, wrong string) {
	mapped := a.identityIn(body)
	if profile, wrong = parseProfile(a.UsageFormat, body); wrong != "" {
		if mapped.Email == "" && mapped.Plan == "" {
			return nil, wrong
		}
		profile = &Profile{}
	}
	profile.Email = cmpOr(mapped.Email, profile.Email)
	profile.Plan = cmpOr(mapped.Plan, profile.Plan)
	return profile, ""
}

// parseProfile reads an answer; wrong says why it cannot be read.
func parseProfile(format string, body []byte) (profile *Profile, wrong string) {
	answer, isJSON := jsonObject(body)
	if !isJSON {
		return nil, "the answer is not a JSON object"
	}
	profile = &Profile{}
	if format != UsageFormatOpenAI {
		account := members(answer["account"])
		profile.Email = firstOf(email, account["email"], account["email_address"])
		profile.Plan = claudePlan(account)
	}
	if format != UsageFormatAnthropic {
		profile.Email = cmpOr(profile.Email, firstOf(email, answer["email"]))
		profile.Plan = cmpOr(profile.Plan, firstOf(plan, answer["plan_type"]))
	}
	if *profile == (Profile{}) {
		return nil, "the answer has neither e-mail nor plan"
	}
	return profile, ""
}

// claudePlan is max, pro or free; "" where the answer does not say both, or the
// one that decides.
func claudePlan(account map[string]json.RawMessage) string {
	maxPlan, saysMax := truth(account["has_claude_max"])
	pro, saysPro := truth(account["has_claude_pro"])
	switch {
	case maxPlan:
		return "max"
	case pro && saysMax:
		return "pro"
	case saysMax && saysPro:
		return "free"
	}
	return ""
}

// truth reads true or false, bare or in quotes.
func truth(raw json.RawMessage) (value, ok bool) {
	switch s := cmpOr(text(raw), string(raw)); s {
	case "true", "false":
		return s == "true", true
	}
	return false, false
}
