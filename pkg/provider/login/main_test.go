package login

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/kyoli-gam/kyoli/internal/fakeprovider"
	"github.com/kyoli-gam/kyoli/pkg/provider"
)

// No listener and no goroutine outlives a login.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a provider, and an adapter for it.
type world struct {
	t        *testing.T
	provider *fakeprovider.Provider
	adapter  *provider.Adapter
	client   *provider.Client
	kept     []string // bodies of the answers that were kept
}

// memory sends requests to a handler without a network, which synctest could not
// wait for.
type memory struct{ handler http.Handler }

func (m memory) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	r.Host = r.URL.Host
	m.handler.ServeHTTP(w, r)
	return w.Result(), nil
}

func newWorld(t *testing.T) *world {
	t.Helper()
	const base = "https://login.acme.example"
	p := fakeprovider.New(fakeprovider.Options{})
	return &world{
		t: t, provider: p,
		adapter: &provider.Adapter{
			ID: "acme", ClientID: "kyoli", TokenRequest: "form", DeviceRequest: "form", Scopes: []string{"openid", "offline_access"},
			AuthorizeURL: base + "/oauth/authorize", TokenURL: base + "/oauth/token", DeviceURL: base + "/oauth/device",
			AuthorizeParams: map[string]string{"audience": "acme"},
		},
		client: &provider.Client{HTTP: &http.Client{Transport: memory{p}}},
	}
}

func (w *world) flow() *Flow {
	w.t.Helper()
	f, err := New(Options{Adapter: w.adapter, Client: w.client, Keep: func(raw *provider.RawAnswer) { w.kept = append(w.kept, string(raw.Body)) }})
	if err != nil {
		w.t.Fatal(err)
	}
	return f
}

// authorize says yes, or no, at the provider, and returns where it sends the browser.
func (w *world) authorize(address, as string) string {
	w.t.Helper()
	r := httptest.NewRequest(http.MethodGet, address+"&as="+as, nil)
	rec := httptest.NewRecorder()
	w.provider.ServeHTTP(rec, r)
	if rec.Code != http.StatusFound {
		w.t.Fatalf("authorize: %d %s", rec.Code, rec.Body)
	}
	return rec.Header().Get("Location")
}

// answer is scripted for the next request to an endpoint.
func (w *world) answer(endpoint string, status int, body any) {
	w.t.Helper()
	text, isText := body.(string)
	if !isText {
		b, err := json.Marshal(body)
		if err != nil {
			w.t.Fatal(err)
		}
		text = string(b)
	}
	w.provider.Behave(fakeprovider.Behaviour{Endpoint: endpoint, Status: status, Body: text})
}

func parse(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// browse is a browser that goes to an address; every visitor has a connection of
// its own.
func browse(t *testing.T, method, address string) (status int, page string, h http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, strings.TrimSpace(string(b)), res.Header
}
