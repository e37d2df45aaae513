package executor

import (
	"testing"
	"time"
)

func TestParseFault(t *testing.T) {
	for name, tt := range map[string]struct {
		body  string
		kind  kind
		wait  time.Duration
		words string
	}{
		"openai":             {`{"error":{"message":"Please try again in 3.2s.","type":"tokens","code":"rate_limit_exceeded"}}`, limited, 3200 * time.Millisecond, "rate_limit_exceeded"},
		"a used-up plan":     {`{"error":{"type":"usage_limit_reached","plan_type":"pro","resets_in_seconds":7200,"resets_at":1777638600}}`, limited, 2 * time.Hour, "usage_limit_reached"},
		"resets_at":          {`{"error":{"type":"usage_limit_reached","resets_at":1777638600}}`, limited, 30 * time.Minute, "usage_limit_reached"},
		"no money":           {`{"error":{"code":"insufficient_quota"}}`, limited, 0, "insufficient_quota"},
		"anthropic":          {`{"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed …"}}`, limited, 0, "rate_limit_error"},
		"anthropic is busy":  {`{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`, busy, 0, "overloaded_error"},
		"anthropic broke":    {`{"type":"error","error":{"type":"api_error"}}`, busy, 0, "api_error"},
		"response.failed":    {`{"type":"response.failed","response":{"status":"failed","error":{"code":"server_is_overloaded"}}}`, busy, 0, "server_is_overloaded"},
		"flat":               {`{"type":"error","code":"rate_limit_exceeded","message":"try again in 20ms"}`, limited, 20 * time.Millisecond, "rate_limit_exceeded"},
		"a number":           {`{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"…"}}`, limited, 0, "resource_exhausted"},
		"a number alone":     {`{"error":{"code":503}}`, busy, 0, ""},
		"a detail":           {`{"detail":"Please try again in 5m"}`, fine, 5 * time.Minute, ""},
		"a code as detail":   {`{"detail":{"code":"usage_limit_exceeded"}}`, limited, 0, "usage_limit_exceeded"},
		"oauth":              {`{"error":"invalid_token","error_description":"The token has expired"}`, refused, 0, "invalid_token"},
		"oauth, revoked":     {`{"error":"invalid_token","error_description":"The access token was revoked"}`, revoked, 0, "invalid_token"},
		"revoked":            {`{"error":{"code":"token_revoked"}}`, revoked, 0, "token_revoked"},
		"invalidated":        {`{"error":{"message":"Your authentication token has been invalidated. Please sign in again."}}`, revoked, 0, ""},
		"something else":     {`{"error":{"type":"invalid_request_error","code":"context_length_exceeded"}}`, fine, 0, "context_length_exceeded"},
		"revoked, not token": {`{"error":{"message":"Access to this model was revoked"}}`, fine, 0, ""},
		"odd":                {`{"error":[1,2],"code":{},"message":7,"resets_at":null}`, fine, 0, ""},
		"a code with a line": {`{"error":{"code":"a\nb"}}`, fine, 0, ""},
	} {
		f, ok := parseFault([]byte(tt.body), noon)
		if !ok || f.kind() != tt.kind || f.wait != tt.wait || f.words() != tt.words {
			t.Errorf("%s: kind %d, wait %s, words %q (%v)", name, f.kind(), f.wait, f.words(), ok)
		}
	}
	for _, body := range []string{"", "<html>revoked token</html>", "null", "[]", `"revoked token"`, `{"error":`} {
		if f, ok := parseFault([]byte(body), noon); ok {
			t.Errorf("%q: %+v", body, f)
		}
	}
}

func FuzzParseFault(f *testing.F) {
	f.Add([]byte(`{"error":{"type":"usage_limit_reached","resets_in_seconds":7200,"message":"try again in 1h"}}`))
	f.Add([]byte(`{"type":"response.failed","response":{"error":{"code":429}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, _ := parseFault(body, noon)
		if got.wait < 0 || got.wait > longestWait || len(got.words()) > 64 {
			t.Errorf("%q: %+v", body, got)
		}
		got.kind()
	})
}
