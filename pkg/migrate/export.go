package migrate

import (
	"github.com/kyoli-gam/kyoli/internal/rawjson"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// RunInfo is the account that a run of OpenCode is to use.
type RunInfo struct {
	// Key is the provider's entry in auth.json.
	Key string
	// Access, Expires (ms since the epoch) and AccountID (may be empty) are
	// the chosen account's. Its refresh token never reaches the run.
	Access    store.Secret
	Expires   store.Millis
	AccountID string
}

// entry is the chosen account as an entry of auth.json.
func (r RunInfo) entry() oauthEntry {
	return oauthEntry{Type: OAuth, Access: r.Access.Reveal(), Expires: int64(r.Expires), AccountID: r.AccountID}
}

// oauthEntry is the form in which entries are written, in OpenCode's order.
type oauthEntry struct {
	Type          EntryType `json:"type"`
	Refresh       string    `json:"refresh"`
	Access        string    `json:"access"`
	Expires       int64     `json:"expires"`
	AccountID     string    `json:"accountId,omitempty"`
	EnterpriseURL string    `json:"enterpriseUrl,omitempty"`
}

// exported is what a run gets to see of f: the chosen account, and f's other
// entries without their refresh tokens, because two OpenCodes that have the
// same one spend it twice. Entries that OpenCode would ignore are left out, so
// that its writing without them is no news. unrenewable are the entries that
// lost their token.
func (f *AuthFile) exported(run RunInfo) (out *export, unrenewable []string, err error) {
	var changes []change
	out = &export{hidden: map[string]string{}, wrote: map[string]string{}}
	listed := false
	for _, e := range f.entries {
		if e.Type == OAuth && e.Refresh != "" && e.Key != copilot {
			out.hidden[e.Key] = e.Refresh.Hash()
		}
		switch {
		case e.Key == run.Key:
			changes = append(changes, change{run.Key, run.entry()})
			listed = true
		case e.Type == OAuth && e.Key != copilot:
			if e.Refresh != "" {
				unrenewable = append(unrenewable, e.Key)
			}
			changes = append(changes, change{e.Key, e.withoutRefresh()})
		case e.Type != Other:
			changes = append(changes, change{e.Key, compact(e.raw)})
		}
	}
	if !listed {
		changes = append(changes, change{run.Key, run.entry()})
	}
	out.AuthFile, err = (&AuthFile{Path: "OPENCODE_AUTH_CONTENT"}).apply(changes)
	return out, unrenewable, err
}

// withoutRefresh is an OAuth entry with an empty refresh token, and without
// members that OpenCode does not know, which might hold one.
func (e Entry) withoutRefresh() oauthEntry {
	bare := oauthEntry{Type: OAuth, Access: e.Access.Reveal(), Expires: int64(e.Expires), AccountID: e.AccountID}
	if obj, err := rawjson.ParseObject(e.raw); err == nil {
		bare.EnterpriseURL, _ = text(obj, "enterpriseUrl")
	}
	return bare
}
