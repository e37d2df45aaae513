package cmd

import (
	"context"
	"errors"
	"strings"

	"github.com/kyoli-gam/kyoli/internal/eventlog"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// eventFilter says which events are wanted: those of one account or provider.
type eventFilter struct {
	provider string
	name     string          // of the account, "" = all
	uuids    map[string]bool // the account's; empty = there is no such account now
	unknown  error           // that there is none
	found    bool            // the log knows the name
}

// eventFilter looks the account up. One that was removed is known by what the log
// calls it.
func (f *Factory) eventFilter(ctx context.Context, name string) (*eventFilter, error) {
	ids, err := f.listed()
	if err != nil {
		return nil, err
	}
	w := &eventFilter{provider: f.opts.Provider, name: name, uuids: map[string]bool{}}
	if name == "" {
		return w, nil
	}
	for _, id := range ids {
		backend, err := f.Store(id)
		if err != nil {
			return nil, err
		}
		accounts, err := backend.Peek(ctx)
		if err != nil {
			// The story of accounts whose file is damaged is wanted more than ever.
			f.Debugf("accounts of %s: %v", id, err)
			w.unknown = &store.UnknownAccountError{Name: name}
			continue
		}
		a, err := accounts.Find(name)
		var unknown *store.UnknownAccountError
		switch {
		case errors.As(err, &unknown):
			w.unknown = err
		case err != nil:
			return nil, err
		default:
			w.uuids[a.UUID], w.uuids[a.OwnerID()] = true, true
		}
	}
	return w, nil
}

func (w *eventFilter) takes(e eventlog.Event) bool {
	if w.provider != "" && e.Provider != w.provider {
		return false
	}
	if w.name == "" || w.uuids[e.UUID] {
		return true
	}
	if len(w.uuids) > 0 || e.UUID == "" {
		return false
	}
	const shortest = 4
	named := strings.EqualFold(e.Account, w.name) ||
		len(w.name) >= shortest && strings.HasPrefix(strings.ToLower(e.UUID), strings.ToLower(w.name))
	w.found = w.found || named
	return named
}

// check is the error for a name that neither the accounts nor the log know.
func (w *eventFilter) check() error {
	if len(w.uuids) > 0 || w.found {
		return nil
	}
	return w.unknown
}
