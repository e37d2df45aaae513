// Package fakeprovider is an AI provider on loopback, for `kyoli demo` and for
// tests: OAuth logins, rotating refresh tokens with reuse detection, the
// Responses, chat-completions and messages APIs with server-sent events, rate
// limits, usage and profile.
//
// It promises to treat a credential as strictly as a real provider does: a
// refresh token works once, a reused one revokes the whole family, an access
// token is refused the second it expires. What it saw can be read back, tokens
// as hashes. It holds everything in memory and never opens a connection.
package fakeprovider

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"
)

// DefaultTTL is how long an access token is valid when Options names no other.
const DefaultTTL = time.Hour

// Options sets up a Provider; the zero value is ready for use.
type Options struct {
	Now func() time.Time // the provider's clock, default time.Now; may run apart from kyoli's
	TTL time.Duration    // validity of an access token, default DefaultTTL
}

// Account is a login at the provider.
type Account struct {
	ID        string    // account id, as in ChatGPT-Account-Id
	Email     string    // as in the token's claims
	Plan      string    // such as "pro"
	LimitedTo time.Time // every API call is answered 429 until then; zero = not limited
	Primary   float64   // use of the 5 h window, percent
	Secondary float64   // use of the 7 d window, percent
}

// UUID names the account as the token answer and the profile do (RFC 9562, version 5: the same for the same ID).
func (a Account) UUID() string { return uuid.NewSHA1(uuid.NameSpaceOID, []byte(a.ID)).String() }

// Credential is what a login at the provider hands out.
type Credential struct {
	RefreshToken string
	AccessToken  string
	ExpiresAt    time.Time
}

// Provider is an http.Handler that plays an AI provider.
type Provider struct {
	now func() time.Time
	ttl time.Duration
	mux *http.ServeMux

	mu       sync.Mutex
	accounts map[string]*Account // by id
	refresh  map[string]*grant   // by refresh token, spent ones too
	access   map[string]*grant   // by access token
	scripts  map[string][]Behaviour
	requests []Request
	waiting  map[string]int // by endpoint
	counted  *sync.Cond     // waiting has changed
	codes    map[string]authorization
	devices  map[string]*deviceLogin
	serial   int
}

// grant is one generation of an account's credential.
type grant struct {
	account string
	family  string // all generations of one login
	spent   bool
	revoked bool
	expires time.Time
}

// New returns a provider without accounts.
func New(o Options) *Provider {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.TTL == 0 {
		o.TTL = DefaultTTL
	}
	p := &Provider{
		now: o.Now, ttl: o.TTL, mux: http.NewServeMux(),
		accounts: map[string]*Account{}, refresh: map[string]*grant{},
		access: map[string]*grant{}, scripts: map[string][]Behaviour{}, waiting: map[string]int{},
		codes: map[string]authorization{}, devices: map[string]*deviceLogin{},
	}
	p.counted = sync.NewCond(&p.mu)
	p.routes()
	return p
}

func (p *Provider) routes() {
	p.handle("POST /oauth/token", "token", p.token)
	p.handle("GET /oauth/authorize", "authorize", p.authorizePage)
	p.handle("POST /oauth/device", "device", p.deviceCode)
	p.handle("POST /deviceauth/usercode", "device", p.openaiDeviceCode)
	p.handle("POST /deviceauth/token", "token", p.openaiDeviceToken)
	p.handle("GET /device", "device-page", p.devicePage)
	p.handle("GET /.well-known/openid-configuration", "discovery", p.discovery)
	p.handle("POST /codex/responses", "responses", p.responses)
	p.handle("POST /v1/responses", "responses", p.responses)
	p.handle("POST /v1/chat/completions", "chat", p.chat)
	p.handle("POST /v1/messages", "messages", p.messages)
	p.handle("GET /usage", "usage", p.usage)
	p.handle("GET /profile", "profile", p.profile)
	p.mux.HandleFunc("GET /_requests", p.listRequests)
	p.mux.HandleFunc("GET /_await", p.await)
	p.mux.HandleFunc("POST /_script", p.addScript)
	p.mux.HandleFunc("POST /_login", p.addLogin)
}

// ServeHTTP answers as the provider would.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mux.ServeHTTP(w, r)
}

// AddAccount adds a login and hands out its first credential.
func (p *Provider) AddAccount(a Account) Credential {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.accounts[a.ID] = &a
	return p.issue(a.ID, randomID())
}

// Limit makes every API call of the account fail with 429 until t.
func (p *Provider) Limit(id string, t time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if a := p.accounts[id]; a != nil {
		a.LimitedTo = t
	}
}

// Rotate spends a refresh token as another program would, and returns the new
// credential; ok is false when the token is not (or no longer) valid.
func (p *Provider) Rotate(refreshToken string) (c Credential, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rotate(refreshToken)
}

// issue hands out a new generation of a family. The caller holds mu.
func (p *Provider) issue(account, family string) Credential {
	p.serial++
	expires := p.now().Add(p.ttl).Truncate(time.Second)
	c := Credential{
		RefreshToken: "rt_" + randomID(),
		AccessToken:  p.jwt(p.accounts[account], expires),
		ExpiresAt:    expires,
	}
	p.refresh[c.RefreshToken] = &grant{account: account, family: family}
	p.access[c.AccessToken] = &grant{account: account, family: family, expires: expires}
	return c
}

// rotate spends a refresh token. The caller holds mu. A token that was spent
// before revokes its whole family, as RFC 9700 §4.14.2 asks of a provider.
func (p *Provider) rotate(refreshToken string) (Credential, bool) {
	g := p.refresh[refreshToken]
	if g == nil || g.revoked {
		return Credential{}, false
	}
	if g.spent {
		p.revoke(g.family)
		return Credential{}, false
	}
	g.spent = true
	return p.issue(g.account, g.family), true
}

func (p *Provider) revoke(family string) {
	for _, grants := range []map[string]*grant{p.refresh, p.access} {
		for _, g := range grants {
			if g.family == family {
				g.revoked = true
			}
		}
	}
}

func randomID() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // crypto/rand never fails (Go 1.24)
	return hex.EncodeToString(b)
}
