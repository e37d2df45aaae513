package cmd

import (
	"context"
	"strings"

	loginflow "github.com/kyoli-gam/kyoli/pkg/provider/login"
)

// provider is where to log in: the argument's, else --provider's, else that of
// the account, else the only one in use that has a login, else the only one that
// has one at all.
func (l *loginFlow) provider(ctx context.Context) (string, error) {
	named := l.o.Provider
	switch {
	case named != "" && l.f.opts.Provider != "" && named != l.f.opts.Provider:
		return "", usageErrorf("kyoli login "+named, "--provider %s and %s contradict each other", l.f.opts.Provider, named)
	case named == "":
		named = l.f.opts.Provider
	}
	if named != "" {
		return named, nil
	}
	if l.o.Account != "" {
		found, err := l.f.locate(ctx, l.o.Account)
		if err != nil {
			return "", err
		}
		return found[0].provider, nil
	}
	return l.f.onlyLogin(ctx)
}

func (f *Factory) onlyLogin(ctx context.Context) (string, error) {
	r, err := f.Registry()
	if err != nil {
		return "", err
	}
	inUse, err := f.Providers(ctx)
	if err != nil {
		return "", err
	}
	var all, used []string
	for _, a := range r.All() {
		if browser, device := loginflow.Methods(a); !browser && !device {
			continue
		}
		all = append(all, a.ID)
		for _, id := range inUse {
			if id == a.ID {
				used = append(used, id)
			}
		}
	}
	for _, ids := range [][]string{used, all} {
		if len(ids) == 1 {
			return ids[0], nil
		}
	}
	return "", usageErrorf("kyoli login "+all[0], "say at which provider: one of %s", strings.Join(all, ", "))
}
