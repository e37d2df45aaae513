package provider

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// tokenRequest builds the request of RFC 6749 section 6, its body behind a gate.
func (c *Client) tokenRequest(ctx context.Context, a *Adapter, refresh string, g *gate) (*http.Request, error) {
	params := map[string]string{
		"grant_type":    "refresh_token",
		"refresh_token": refresh,
		"client_id":     a.ClientID,
	}
	secret, err := c.ClientSecret(a)
	if err != nil {
		return nil, err
	}
	if secret != "" {
		params["client_secret"] = secret
	}
	if wrong := checkURL(a.TokenURL); wrong != "" {
		return nil, &TokenError{Kind: Misconfigured, Provider: a.ID, Description: "token_url: " + wrong}
	}
	authenticate := clientAuth(a.ClientAuth, params)
	body, contentType, err := encode(params, a.TokenRequest)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.TokenURL, http.NoBody)
	if err != nil {
		return nil, err
	}
	// Without GetBody net/http cannot send the body, and so the token, a second time.
	req.Body, req.GetBody, req.ContentLength = &gatedBody{gate: g, body: strings.NewReader(body)}, nil, int64(len(body))
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.UserAgent())
	authenticate(req.Header)
	return req, nil
}

func encode(params map[string]string, encoding string) (body, contentType string, err error) {
	if encoding == "json" {
		b, err := json.Marshal(params)
		return string(b), "application/json", err
	}
	form := url.Values{}
	for name, value := range params {
		form.Set(name, value)
	}
	return form.Encode(), "application/x-www-form-urlencoded", nil
}

func (c *Client) secret(envName string) string {
	if c.Secret == nil {
		return ""
	}
	return c.Secret(envName)
}
