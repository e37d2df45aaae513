package migrate

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/kyoli-gam/kyoli/internal/rawjson"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// Part is what a [Bundle] has of one provider.
type Part struct {
	// Provider is kyoli's name.
	Provider string
	// Accounts are the provider's, UUIDs those of them that are meant.
	Accounts *store.Accounts
	UUIDs    []string
}

// Bundle is an export: the accounts with their tokens and unknown fields, and
// pools, the content of a file of pools and chains, where it is not nil.
//
// The export of one provider is an account file that names the provider
// ("provider"). In one of several each account names its own, and
// "activeAccounts" has the active account's uuid for each provider. The pools are
// in "pools". The error is a *store.VersionError for an account file of a later
// version.
func Bundle(pools []byte, parts ...Part) ([]byte, error) {
	var out *rawjson.Object
	var err error
	if len(parts) == 1 {
		var raw []byte
		if raw, err = parts[0].Accounts.Export(parts[0].Provider, parts[0].UUIDs...); err != nil {
			return nil, err
		}
		out = rawjson.Split(raw)
	} else if out, err = several(parts); err != nil {
		return nil, err
	}
	if pools != nil {
		if err := out.SetRaw("pools", jsontext.Value(pools)); err != nil {
			return nil, err
		}
	}
	return append(out.Bytes(), '\n'), nil
}

func several(parts []Part) (*rawjson.Object, error) {
	accounts, active := rawjson.NewArray("  "), rawjson.NewObject("  ")
	for _, p := range parts {
		raw, err := p.Accounts.Export(p.Provider, p.UUIDs...)
		if err != nil {
			return nil, err
		}
		file := rawjson.Split(raw)
		list, ok := file.Array("accounts")
		if !ok {
			continue
		}
		for _, one := range list.Elems() {
			account := rawjson.Split(one)
			if err := account.Set("provider", p.Provider); err != nil {
				return nil, err
			}
			if err := accounts.Append(jsontext.Value(account.Bytes())); err != nil {
				return nil, err
			}
		}
		if uuid, ok := text(file, "activeAccountUuid"); ok {
			if err := active.Set(p.Provider, uuid); err != nil {
				return nil, err
			}
		}
	}
	out := rawjson.NewObject("  ")
	for _, m := range []change{{"version", 1}, {"accounts", accounts}, {"activeAccounts", active}} {
		if err := out.Set(m.key, m.value); err != nil {
			return nil, err
		}
	}
	return out, nil
}
