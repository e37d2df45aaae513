package fakeprovider

import (
	"encoding/json"
	"io"
	"net/http"
	"time"
)

// Behaviour is an answer that comes in place of, or in front of, an endpoint's
// own.
type Behaviour struct {
	Endpoint string            `json:"endpoint"`         // as in Request.Endpoint
	Times    int               `json:"times"`            // how many requests; 0 means one
	Status   int               `json:"status"`           // 0: the endpoint's own answer follows (after Delay)
	Header   map[string]string `json:"header,omitempty"` // of the answer
	Body     string            `json:"body"`             // of the answer
	DelayMS  int               `json:"delayMs"`          // waits first, ms, or until the client goes
	Reset    bool              `json:"reset"`            // closes the connection without an answer

	Until <-chan struct{} `json:"-"` // waits first until it is closed, or the client goes
}

// Behave queues an answer for an endpoint.
func (p *Provider) Behave(b Behaviour) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if b.Times == 0 {
		b.Times = 1
	}
	p.scripts[b.Endpoint] = append(p.scripts[b.Endpoint], b)
}

func (p *Provider) nextBehaviour(endpoint string) (Behaviour, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	queue := p.scripts[endpoint]
	if len(queue) == 0 {
		return Behaviour{}, false
	}
	b := queue[0]
	queue[0].Times--
	if queue[0].Times == 0 {
		p.scripts[endpoint] = queue[1:]
	}
	return b, true
}

// play answers, and tells whether that was all.
func (b Behaviour) play(w http.ResponseWriter, r *http.Request) bool {
	if b.DelayMS > 0 {
		t := time.NewTimer(time.Duration(b.DelayMS) * time.Millisecond)
		defer t.Stop()
		select {
		case <-t.C:
		case <-r.Context().Done():
			return true
		}
	}
	if b.Until != nil {
		select {
		case <-b.Until:
		case <-r.Context().Done():
			return true
		}
	}
	if b.Reset {
		panic(http.ErrAbortHandler)
	}
	if b.Status == 0 {
		return false
	}
	for name, value := range b.Header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(b.Status)
	_, _ = io.WriteString(w, b.Body)
	return true
}

// addScript queues a Behaviour from another process.
func (p *Provider) addScript(w http.ResponseWriter, r *http.Request) {
	var b Behaviour
	if err := json.NewDecoder(io.LimitReader(r.Body, maxBody)).Decode(&b); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	p.Behave(b)
	w.WriteHeader(http.StatusNoContent)
}

// addLogin adds an account from another process and answers with the
// credential, in the form of an account of kyoli's file.
func (p *Provider) addLogin(w http.ResponseWriter, r *http.Request) {
	var a struct {
		ID, Email, Plan string
		ExpiredMS       int64 // the access token handed out ended so long ago
		LimitedMS       int64 // limited for so long
		Primary         float64
		Secondary       float64
	}
	if err := json.NewDecoder(io.LimitReader(r.Body, maxBody)).Decode(&a); err != nil || a.ID == "" {
		http.Error(w, "want {id, email, plan}", http.StatusBadRequest)
		return
	}
	acc := Account{ID: a.ID, Email: a.Email, Plan: a.Plan, Primary: a.Primary, Secondary: a.Secondary}
	if a.LimitedMS > 0 {
		acc.LimitedTo = p.now().Add(time.Duration(a.LimitedMS) * time.Millisecond)
	}
	c := p.AddAccount(acc)
	if a.ExpiredMS > 0 {
		c.ExpiresAt = p.Expire(c.AccessToken, time.Duration(a.ExpiredMS)*time.Millisecond)
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"email": a.Email, "planTier": a.Plan, "accountId": a.ID,
		"refreshToken": c.RefreshToken, "accessToken": c.AccessToken,
		"expiresAt": c.ExpiresAt.UnixMilli(),
	})
}

// ExpireAll makes all access tokens of an account ones that have just ended.
func (p *Provider) ExpireAll(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, g := range p.access {
		if g.account == id {
			g.expires = p.now()
		}
	}
}

// Expire makes an access token one that ended ago, and returns that time.
func (p *Provider) Expire(accessToken string, ago time.Duration) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	end := p.now().Add(-ago).Truncate(time.Second)
	if g := p.access[accessToken]; g != nil {
		g.expires = end
	}
	return end
}
