package store

import (
	"math"

	"github.com/kyoli-gam/kyoli/internal/rawjson"
)

// field is one member of an account entry: how it is read, compared, copied and written.
type field struct {
	name       string
	required   bool // by the plugin's schema
	credential bool // part of the credential, which changes as one
	empty      any  // what is written for an empty value; nil: the member is left out
	// read sets the account's field to the value on which the cursor stands, and returns what is wrong with that, or
	// nothing.
	read func(a *Account, c *rawjson.Cursor) (problem string)
	same func(a, b *Account) bool
	copy func(to, from *Account)
	// value is what is written, nil for an empty value.
	value func(a *Account) any
	// put writes the field where that takes more than value.
	put func(o *rawjson.Object, a *Account) error
}

// fields are the members in the plugin's order (opencode-multi-account-core, StoredAccountSchema).
var fields = []field{
	textField("uuid", func(a *Account) *string { return &a.UUID }),
	textField("credentialOwnerId", func(a *Account) *string { return &a.CredentialOwnerID }),
	textField("accountId", func(a *Account) *string { return &a.AccountID }),
	textField("accountUuid", func(a *Account) *string { return &a.AccountUUID }),
	textField("deviceId", func(a *Account) *string { return &a.DeviceID }),
	textField("label", func(a *Account) *string { return &a.Label }),
	textField("email", func(a *Account) *string { return &a.Email }),
	textField("planTier", func(a *Account) *string { return &a.PlanTier }).kept(""),
	textField("refreshToken", func(a *Account) *Secret { return &a.RefreshToken }).kept("").needed().secret(),
	textField("accessToken", func(a *Account) *Secret { return &a.AccessToken }).secret(),
	timeField("expiresAt", func(a *Account) *Millis { return &a.ExpiresAt }).secret(),
	timeField("addedAt", func(a *Account) *Millis { return &a.AddedAt }).kept(0).needed(),
	timeField("lastUsed", func(a *Account) *Millis { return &a.LastUsed }).kept(0).needed(),
	flagField("enabled", func(a *Account) *bool { return &a.Enabled }).kept(false),
	timeField("rateLimitResetAt", func(a *Account) *Millis { return &a.RateLimitResetAt }),
	usageField("cachedUsage"),
	timeField("cachedUsageAt", func(a *Account) *Millis { return &a.CachedUsageAt }),
	countField("consecutiveAuthFailures", func(a *Account) *int { return &a.ConsecutiveAuthFailures }).kept(0),
	flagField("isAuthDisabled", func(a *Account) *bool { return &a.IsAuthDisabled }).kept(false),
	textField("authDisabledReason", func(a *Account) *string { return &a.AuthDisabledReason }),
}

func (f field) kept(empty any) field {
	f.empty = empty
	return f
}

func (f field) needed() field {
	f.required = true
	return f
}

func (f field) secret() field {
	f.credential = true
	return f
}

// write puts the account's value into o. An empty value that may be absent is absent, because the plugin's schema
// rejects null.
func (f *field) write(o *rawjson.Object, a *Account) error {
	if f.put != nil {
		return f.put(o, a)
	}
	v := f.value(a)
	if v == nil {
		v = f.empty
	}
	if v == nil {
		o.Delete(f.name)
		return nil
	}
	return o.Set(f.name, v)
}

// newField makes the parts that all plain kinds share. text returns what stands for a value in the file.
func newField[T comparable](name string, at func(*Account) *T, text func(T) any) field {
	return field{
		name: name,
		same: func(a, b *Account) bool { return *at(a) == *at(b) },
		copy: func(to, from *Account) { *at(to) = *at(from) },
		value: func(a *Account) any {
			var empty T
			if *at(a) == empty {
				return nil
			}
			return text(*at(a))
		},
	}
}

func textField[T ~string](name string, at func(*Account) *T) field {
	f := newField(name, at, func(v T) any { return string(v) })
	f.read = func(a *Account, c *rawjson.Cursor) string {
		s, ok := c.Text()
		if !ok {
			return "must be a string"
		}
		*at(a) = T(s)
		return ""
	}
	return f
}

func timeField(name string, at func(*Account) *Millis) field {
	f := newField(name, at, func(v Millis) any { return int64(v) })
	f.read = func(a *Account, c *rawjson.Cursor) string {
		ms, err := rawjson.Millis(c.Value())
		if err != nil {
			return "is " + err.Error()
		}
		*at(a) = Millis(ms)
		return ""
	}
	return f
}

func countField(name string, at func(*Account) *int) field {
	f := newField(name, at, func(v int) any { return v })
	f.read = func(a *Account, c *rawjson.Cursor) string {
		n, err := rawjson.Millis(c.Value())
		if err != nil {
			return "must be a number of sane size"
		}
		*at(a) = int(min(max(n, math.MinInt32), math.MaxInt32))
		return ""
	}
	return f
}

func flagField(name string, at func(*Account) *bool) field {
	f := newField(name, at, func(v bool) any { return v })
	f.read = func(a *Account, c *rawjson.Cursor) string {
		switch kind := c.Kind(); kind {
		case 't', 'f':
			*at(a) = kind == 't'
			return ""
		}
		return "must be true or false"
	}
	return f
}

// lookup finds a field by name. Members mostly come in the table's order, so it looks from hint on first.
func lookup(name []byte, hint int) (int, bool) {
	for n := range fields {
		i := hint + n
		if i >= len(fields) {
			i -= len(fields)
		}
		if fields[i].name == string(name) {
			return i, true
		}
	}
	return hint, false
}
