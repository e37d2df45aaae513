package fakeprovider_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/internal/fakeprovider"
)

type world struct {
	*fakeprovider.Provider
	url string
	now time.Time
}

func start(t *testing.T) *world {
	t.Helper()
	w := &world{now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)}
	w.Provider = fakeprovider.New(fakeprovider.Options{Now: func() time.Time { return w.now }})
	srv := httptest.NewServer(w.Provider)
	t.Cleanup(srv.Close)
	w.url = srv.URL
	return w
}

func (w *world) refresh(t *testing.T, token string) (int, map[string]any) {
	t.Helper()
	res, err := http.PostForm(w.url+"/oauth/token", url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {token}, "client_id": {"c"},
	})
	return decode(t, res, err)
}

func (w *world) call(t *testing.T, path, bearer, body string) (int, string, http.Header) {
	t.Helper()
	method := http.MethodPost
	if body == "" {
		method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+bearer)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b), res.Header
}

func decode(t *testing.T, res *http.Response, err error) (int, map[string]any) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var m map[string]any
	if err := json.NewDecoder(res.Body).Decode(&m); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, m
}

func TestRefreshRotates(t *testing.T) {
	w := start(t)
	first := w.AddAccount(fakeprovider.Account{ID: "a", Email: "a@example.com"})
	status, m := w.refresh(t, first.RefreshToken)
	if status != http.StatusOK || m["refresh_token"] == first.RefreshToken || m["access_token"] == first.AccessToken {
		t.Fatalf("refresh: %d %v", status, m)
	}
	if status, _ := w.refresh(t, m["refresh_token"].(string)); status != http.StatusOK {
		t.Fatalf("the new token is refused: %d", status)
	}
}

func TestReuseRevokesTheFamily(t *testing.T) {
	w := start(t)
	first := w.AddAccount(fakeprovider.Account{ID: "a", Email: "a@example.com"})
	_, m := w.refresh(t, first.RefreshToken)
	status, e := w.refresh(t, first.RefreshToken)
	if status != http.StatusBadRequest || e["error"] != "invalid_grant" {
		t.Fatalf("reuse: %d %v", status, e)
	}
	if status, e = w.refresh(t, m["refresh_token"].(string)); status != http.StatusBadRequest {
		t.Fatalf("the family lives on: %d %v", status, e)
	}
	if status, _, _ := w.call(t, "/codex/responses", m["access_token"].(string), "{}"); status != http.StatusUnauthorized {
		t.Fatalf("the family's access token lives on: %d", status)
	}
}

func TestAccessTokenExpires(t *testing.T) {
	w := start(t)
	c := w.AddAccount(fakeprovider.Account{ID: "a", Email: "a@example.com"})
	if status, body, _ := w.call(t, "/codex/responses", c.AccessToken, "{}"); status != http.StatusOK || !strings.Contains(body, "hello from a@example.com") {
		t.Fatalf("fresh: %d %s", status, body)
	}
	w.now = c.ExpiresAt
	if status, _, _ := w.call(t, "/codex/responses", c.AccessToken, "{}"); status != http.StatusUnauthorized {
		t.Fatalf("expired: %d", status)
	}
}

func TestLimitedAccount(t *testing.T) {
	w := start(t)
	c := w.AddAccount(fakeprovider.Account{ID: "a", Email: "a@example.com"})
	w.Limit("a", w.now.Add(90*time.Second))
	status, body, header := w.call(t, "/v1/messages", c.AccessToken, "{}")
	if status != http.StatusTooManyRequests || header.Get("Retry-After") != "91" || !strings.Contains(body, "usage_limit_reached") {
		t.Fatalf("%d %q %s", status, header.Get("Retry-After"), body)
	}
	if status, body, _ := w.call(t, "/usage", c.AccessToken, ""); status != http.StatusOK || !strings.Contains(body, "primary_window") {
		t.Fatalf("usage of a limited account: %d %s", status, body)
	}
}

func TestStreamsEndAsTheRealOnes(t *testing.T) {
	w := start(t)
	c := w.AddAccount(fakeprovider.Account{ID: "a", Email: "a@example.com"})
	for path, last := range map[string]string{
		"/codex/responses":     "response.completed",
		"/v1/chat/completions": "data: [DONE]",
	} {
		_, body, header := w.call(t, path, c.AccessToken, `{"model":"m","stream":true}`)
		if header.Get("Content-Type") != "text/event-stream" || !strings.Contains(body, last) {
			t.Errorf("%s: %q %s", path, header.Get("Content-Type"), body)
		}
	}
}

func TestScriptedAnswersComeFirst(t *testing.T) {
	w := start(t)
	c := w.AddAccount(fakeprovider.Account{ID: "a", Email: "a@example.com"})
	w.Behave(fakeprovider.Behaviour{Endpoint: "responses", Times: 2, Status: 503, Body: "down"})
	for _, want := range []int{503, 503, 200} {
		if status, _, _ := w.call(t, "/codex/responses", c.AccessToken, "{}"); status != want {
			t.Fatalf("got %d, want %d", status, want)
		}
	}
}

func TestRequestsNameTheAccountAndNoToken(t *testing.T) {
	w := start(t)
	c := w.AddAccount(fakeprovider.Account{ID: "a", Email: "a@example.com"})
	w.call(t, "/codex/responses", c.AccessToken, "{}")
	w.refresh(t, c.RefreshToken)
	w.call(t, "/codex/responses", "nonsense", "{}")
	_, listed, _ := w.call(t, "/_requests", "", "")
	for _, token := range []string{c.AccessToken, c.RefreshToken, "nonsense"} {
		if strings.Contains(listed, token) {
			t.Errorf("the list of requests holds the token %q", token)
		}
	}
	got := w.Requests()
	if len(got) != 3 || got[0].Account != "a" || !got[0].Valid || got[1].Endpoint != "token" || !got[1].Valid || got[2].Valid || got[2].Status != 401 {
		t.Fatalf("%+v", got)
	}
}

func TestRestoreGoesOn(t *testing.T) {
	w := start(t)
	c := w.AddAccount(fakeprovider.Account{ID: "a", Email: "a@example.com"})
	_, m := w.refresh(t, c.RefreshToken)
	saved, err := w.Save()
	if err != nil {
		t.Fatal(err)
	}
	next := start(t)
	if err := next.Restore(saved); err != nil {
		t.Fatal(err)
	}
	if status, _, _ := next.call(t, "/v1/messages", m["access_token"].(string), "{}"); status != http.StatusOK {
		t.Errorf("the access token is not known any more: %d", status)
	}
	if status, _ := next.refresh(t, c.RefreshToken); status != http.StatusBadRequest {
		t.Errorf("a spent token works again: %d", status)
	}
	if next.Restore([]byte("{")) == nil {
		t.Error("half a state is taken")
	}
}
