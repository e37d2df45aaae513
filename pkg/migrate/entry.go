package migrate

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/kyoli-gam/kyoli/internal/rawjson"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// EntryType is the type of an entry of auth.json.
type EntryType string

// The types that OpenCode knows, and everything else, which it ignores.
const (
	OAuth     EntryType = "oauth"
	API       EntryType = "api"
	WellKnown EntryType = "wellknown"
	Other     EntryType = "other"
)

// copilot is the OAuth login whose refresh token does not rotate: several
// processes may use it.
const copilot = "github-copilot"

// Entry is one login in auth.json. An entry that OpenCode would not accept has
// type [Other], whatever it says of itself.
type Entry struct {
	// Key is the provider's name in OpenCode.
	Key  string
	Type EntryType
	// Refresh, Access and Expires are an OAuth login's credential; Expires is
	// in ms since the epoch.
	Refresh, Access store.Secret
	Expires         store.Millis
	// AccountID is the ChatGPT account, empty where there is none.
	AccountID string

	raw jsontext.Value
}

// Credential is the entry's credential, of an OAuth login.
func (e Entry) Credential() store.Credential {
	return store.Credential{RefreshToken: e.Refresh, AccessToken: e.Access, ExpiresAt: e.Expires}
}

// knownFields are the members of an entry that OpenCode knows. All others are
// dropped at its next write.
var knownFields = map[EntryType][]string{
	OAuth:     {"access", "accountId", "enterpriseUrl", "expires", "refresh", "type"},
	API:       {"key", "metadata", "type"},
	WellKnown: {"key", "token", "type"},
}

// parseEntry reads one entry as OpenCode does.
func parseEntry(key string, raw jsontext.Value) Entry {
	e := Entry{Key: key, Type: Other, raw: raw}
	obj, err := rawjson.ParseObject(raw)
	if err != nil {
		return e
	}
	switch kind, _ := text(obj, "type"); EntryType(kind) {
	case OAuth:
		return e.oauth(obj)
	case API:
		if _, ok := text(obj, "key"); ok && texts(obj, "metadata") {
			e.Type = API
		}
	case WellKnown:
		_, okKey := text(obj, "key")
		if _, okToken := text(obj, "token"); okKey && okToken {
			e.Type = WellKnown
		}
	}
	return e
}

func (e Entry) oauth(obj *rawjson.Object) Entry {
	refresh, okRefresh := text(obj, "refresh")
	access, okAccess := text(obj, "access")
	expires, okExpires := instant(obj, "expires")
	account, okAccount := optional(obj, "accountId")
	_, okURL := optional(obj, "enterpriseUrl")
	if okRefresh && okAccess && okExpires && okAccount && okURL {
		e.Type, e.Expires, e.AccountID = OAuth, expires, account
		e.Refresh, e.Access = store.Secret(refresh), store.Secret(access)
	}
	return e
}

// same tells whether OpenCode sees the same login in both: members that it
// does not know, the order of members and white space do not count.
func (e Entry) same(o Entry) bool { return e.Type == o.Type && bytes.Equal(e.norm(), o.norm()) }

// norm is the entry reduced to what OpenCode knows of it, in one spelling.
func (e Entry) norm() []byte {
	fields, ok := knownFields[e.Type]
	if !ok {
		return compact(e.raw)
	}
	obj, err := rawjson.ParseObject(e.raw)
	if err != nil {
		return compact(e.raw)
	}
	var out bytes.Buffer
	for _, name := range fields {
		v, ok := obj.Get(name)
		if !ok {
			continue
		}
		if v = slices.Clone(v); v.Canonicalize() != nil {
			return compact(e.raw)
		}
		out.WriteString(name)
		out.WriteByte(0)
		out.Write(v)
		out.WriteByte(0)
	}
	return out.Bytes()
}

func compact(v jsontext.Value) jsontext.Value {
	c := slices.Clone(v)
	if c.Compact() != nil {
		return v
	}
	return c
}

// text is the string member name.
func text(obj *rawjson.Object, name string) (string, bool) {
	v, ok := obj.Get(name)
	if !ok {
		return "", false
	}
	return rawjson.Text(v)
}

// optional is the string member name, which may be absent.
func optional(obj *rawjson.Object, name string) (string, bool) {
	if _, ok := obj.Get(name); !ok {
		return "", true
	}
	return text(obj, name)
}

// texts tells whether the member name is absent or an object of strings.
func texts(obj *rawjson.Object, name string) bool {
	v, ok := obj.Get(name)
	if !ok {
		return true
	}
	var m map[string]*string
	if v.Kind() != '{' || json.Unmarshal(v, &m) != nil {
		return false
	}
	for _, s := range m {
		if s == nil {
			return false
		}
	}
	return true
}

// instant is the number member name, in ms since the epoch.
func instant(obj *rawjson.Object, name string) (store.Millis, bool) {
	v, ok := obj.Get(name)
	if !ok || v.Kind() != '0' {
		return 0, false
	}
	ms, err := rawjson.Millis(v)
	if err != nil || ms < 0 || ms > math.MaxInt64/2 {
		return 0, false
	}
	return store.Millis(ms), true
}
