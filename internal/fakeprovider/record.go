package fakeprovider

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"time"
)

// maxBody bounds what one request may send, bytes.
const maxBody = 4 << 20

// Request is one request as the provider saw it. No token is kept.
type Request struct {
	At        time.Time `json:"at"`
	Endpoint  string    `json:"endpoint"` // token, authorize, device, responses, chat, messages, usage, profile
	Path      string    `json:"path"`
	Account   string    `json:"account"`   // whose bearer or refresh token it was; "" = nobody's
	Valid     bool      `json:"valid"`     // the credential was good when the request came in
	Bearer    string    `json:"bearer"`    // first 16 hex digits of the bearer's SHA-256
	AccountID string    `json:"accountId"` // the ChatGPT-Account-Id header
	UserAgent string    `json:"userAgent"`
	Status    int       `json:"status"`
	Body      string    `json:"-"` // the request's body; holds a refresh token on the token endpoint
}

// Requests returns what the provider has seen so far, oldest first.
func (p *Provider) Requests() []Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Request(nil), p.requests...)
}

// handle registers an endpoint: its requests are recorded, and what is
// scripted for it comes before what it would answer by itself.
func (p *Provider) handle(pattern, endpoint string, h func(http.ResponseWriter, *http.Request, []byte)) {
	p.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			http.Error(w, "body too large", http.StatusRequestEntityTooLarge)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		rec := p.observe(endpoint, r, body)
		sw := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		p.count(endpoint, 1)
		defer func() {
			p.count(endpoint, -1)
			p.record(rec, sw.status)
		}()
		if b, ok := p.nextBehaviour(endpoint); ok && b.play(sw, r) {
			return
		}
		h(sw, r, body)
	})
}

func (p *Provider) observe(endpoint string, r *http.Request, body []byte) Request {
	rec := Request{
		At: p.now(), Endpoint: endpoint, Path: r.URL.Path, Body: string(body),
		AccountID: r.Header.Get("ChatGPT-Account-Id"), UserAgent: r.UserAgent(),
	}
	if endpoint == "token" {
		refreshToken := tokenRequest(r).RefreshToken
		r.Body = io.NopCloser(bytes.NewReader(body))
		p.mu.Lock()
		defer p.mu.Unlock()
		if g := p.refresh[refreshToken]; g != nil {
			rec.Account, rec.Valid = g.account, !g.spent && !g.revoked
		}
		return rec
	}
	bearer := bearerOf(r)
	if bearer != "" {
		sum := sha256.Sum256([]byte(bearer))
		rec.Bearer = hex.EncodeToString(sum[:8])
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if g := p.access[bearer]; g != nil {
		rec.Account, rec.Valid = g.account, p.good(g)
	}
	return rec
}

// Waiting returns how many requests to an endpoint have come and are not answered yet.
func (p *Provider) Waiting(endpoint string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.waiting[endpoint]
}

func (p *Provider) count(endpoint string, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting[endpoint] += n
	p.counted.Broadcast()
}

// await answers another process once a request to an endpoint has come and is not
// answered yet.
func (p *Provider) await(w http.ResponseWriter, r *http.Request) {
	stop := context.AfterFunc(r.Context(), func() {
		p.mu.Lock() // or it would be missed between the look at the context and the wait
		defer p.mu.Unlock()
		p.counted.Broadcast()
	})
	defer stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.waiting[r.URL.Query().Get("endpoint")] == 0 && r.Context().Err() == nil {
		p.counted.Wait()
	}
	w.WriteHeader(http.StatusNoContent)
}

func (p *Provider) record(rec Request, status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	rec.Status = status
	p.requests = append(p.requests, rec)
}

// good tells whether an access token is valid now. The caller holds mu.
func (p *Provider) good(g *grant) bool {
	return !g.revoked && p.now().Before(g.expires)
}

func bearerOf(r *http.Request) string {
	bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return bearer
}

func (p *Provider) listRequests(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, p.Requests())
}

// statusWriter notes the status, and flushes for streams.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the status.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
