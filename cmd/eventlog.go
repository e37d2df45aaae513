package cmd

import (
	"context"
	"path/filepath"
	"sync"
	"time"

	"github.com/kyoli-gam/kyoli/internal/eventlog"
	"github.com/kyoli-gam/kyoli/pkg/claims"
	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// eventLog is the log of this process, made at the first event.
type eventLog struct {
	once sync.Once
	log  *eventlog.Log // nil where there is no place for one
}

// Log writes an event into the event log. It never fails and never waits; that
// the log cannot be written is noted once. It is safe for concurrent use.
func (f *Factory) Log(e eventlog.Event) {
	f.events.once.Do(func() {
		path := f.eventLogPath()
		if !filepath.IsAbs(path) {
			return // no home directory
		}
		f.events.log = eventlog.Open(eventlog.Options{
			Path: path, Command: f.command, Now: f.now,
			OnError: func(err error) { f.Note("warning: the event log is not written: %v", err) },
		})
	})
	f.events.log.Append(e)
}

func (f *Factory) eventLogPath() string { return filepath.Join(f.stateDir(), "events.jsonl") }

// LogAccount writes an event about an account.
func (f *Factory) LogAccount(kind, provider string, a *store.Account, reason string) {
	f.Log(eventlog.Event{Kind: kind, Provider: provider, UUID: a.UUID, Account: a.Name(), Reason: reason})
}

// onEvent takes what the manager of a provider tells.
func (f *Factory) onEvent(provider string) func(manager.Event) {
	return func(e manager.Event) {
		f.Log(eventlog.Event{
			Time: eventlog.Time{Time: e.At}, Kind: string(e.Kind), Provider: provider, UUID: e.UUID, Account: e.Account,
			Reason: e.Detail, Parent: e.Parent, Token: e.Child,
		})
		if f.made.watch != nil {
			f.made.watch(provider, e)
		}
		if e.Kind == manager.EventWarning {
			f.Note("warning: %s: %s", e.Account, e.Detail)
			return
		}
		f.Debugf("%s: %s %s (%s → %s)", e.Kind, e.Account, e.Detail, e.Parent, e.Child)
	}
}

// onClaim takes what the claims on a provider's accounts tell.
func (f *Factory) onClaim(provider string, backend store.Backend) func(claims.Event) {
	names := &accountNamer{backend: backend, now: f.now}
	return func(e claims.Event) {
		f.Log(eventlog.Event{
			Kind: string(e.Kind), Provider: provider, UUID: e.UUID, Account: names.of(e.UUID), Reason: e.Why,
			Session: e.Holder.ID, HolderPID: e.Holder.PID, Program: e.Holder.Command,
		})
	}
}

// onTaken takes what is told of credentials that came from auth.json.
func (f *Factory) onTaken(provider string) func(a *store.Account, parent string) {
	return func(a *store.Account, parent string) {
		e := eventlog.Event{
			Kind: eventlog.Adopted, Provider: provider, UUID: a.UUID, Account: a.Name(),
			Reason: "OpenCode had renewed it", Parent: parent, Token: a.RefreshToken.Hash(),
		}
		if parent == "" {
			e.Kind, e.Reason = eventlog.Added, "taken over from OpenCode"
		}
		f.Log(e)
	}
}

// nameAge is how old a name may be: a long run sees accounts come and change.
const nameAge = 2 * time.Second

// accountNamer knows what accounts are called, without a lock.
type accountNamer struct {
	backend store.Backend
	now     func() time.Time

	mu     sync.Mutex
	known  map[string]string
	looked time.Time
}

// of is the name of an account, "" where it is not to be had.
func (n *accountNamer) of(uuid string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.now().Sub(n.looked) < nameAge {
		if name, ok := n.known[uuid]; ok {
			return name
		}
	}
	n.looked = n.now()
	if accounts, err := n.backend.Peek(context.Background()); err == nil {
		n.known = make(map[string]string, len(accounts.List))
		for _, a := range accounts.List {
			n.known[a.UUID] = a.Name()
		}
	}
	name := n.known[uuid]
	if n.known != nil {
		n.known[uuid] = name // one that is not there is not looked for again at once
	}
	return name
}
