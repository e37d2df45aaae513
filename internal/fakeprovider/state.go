package fakeprovider

import (
	"encoding/json"
	"maps"
	"time"
)

// state is all that a Provider needs to go on in another process.
type state struct {
	Serial   int
	TTL      time.Duration
	Accounts map[string]*Account
	Refresh  map[string]savedGrant
	Access   map[string]savedGrant
}

type savedGrant struct {
	Account, Family string
	Spent, Revoked  bool
	Expires         time.Time
}

// Save returns the accounts and all tokens ever handed out, for Restore. Its
// tokens are good nowhere but here.
func (p *Provider) Save() ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return json.Marshal(state{
		Serial: p.serial, TTL: p.ttl, Accounts: p.accounts,
		Refresh: saved(p.refresh), Access: saved(p.access),
	})
}

// Restore makes a provider go on from what Save returned.
func (p *Provider) Restore(data []byte) error {
	var s state
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.serial, p.ttl = s.Serial, s.TTL
	maps.Copy(p.accounts, s.Accounts)
	restore(p.refresh, s.Refresh)
	restore(p.access, s.Access)
	return nil
}

func saved(grants map[string]*grant) map[string]savedGrant {
	out := make(map[string]savedGrant, len(grants))
	for token, g := range grants {
		out[token] = savedGrant{g.account, g.family, g.spent, g.revoked, g.expires}
	}
	return out
}

func restore(grants map[string]*grant, from map[string]savedGrant) {
	for token, g := range from {
		grants[token] = &grant{account: g.Account, family: g.Family, spent: g.Spent, revoked: g.Revoked, expires: g.Expires}
	}
}
