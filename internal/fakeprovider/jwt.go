package fakeprovider

import (
	"encoding/base64"
	"encoding/json"
	"time"
)

// jwt builds an access token in the shape of OpenAI's: the claims are real,
// the signature is not, for nobody but this provider checks it (by looking the
// whole token up). The caller holds mu.
func (p *Provider) jwt(a *Account, expires time.Time) string {
	head := segment(map[string]any{"alg": "none", "typ": "JWT"})
	body := segment(map[string]any{
		"sub": a.ID, "email": a.Email, "exp": expires.Unix(), "jti": p.serial,
		"chatgpt_account_id": a.ID,
		"https://api.openai.com/auth": map[string]any{
			"chatgpt_account_id": a.ID, "chatgpt_plan_type": a.Plan,
		},
		"https://api.openai.com/profile": map[string]any{"email": a.Email},
	})
	return head + "." + body + "." + randomID()
}

func segment(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // maps of strings and numbers always marshal
	}
	return base64.RawURLEncoding.EncodeToString(b)
}
