package cmd

import (
	"context"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"sync/atomic"

	"github.com/kyoli-gam/kyoli/internal/env"
	"github.com/kyoli-gam/kyoli/pkg/claims"
	"github.com/kyoli-gam/kyoli/pkg/config"
	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/provider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// made are the parts that the factory has made so far. Commands run in one
// goroutine until they have what they need, so there is no lock.
type made struct {
	config   *config.Config
	registry *provider.Registry
	stores   map[string]store.Backend
	claims   map[string]*claims.Store
	managers map[string]*manager.Manager

	// watch is told of all events too; nil = nobody. It is set before managers are made.
	watch func(provider string, e manager.Event)

	quiet  atomic.Bool // of the settings, or because a command has the terminal
	debug  bool        // of the settings
	healed atomic.Bool

	keys *keys // of sealed tokens
}

// Config is kyoli.yaml.
func (f *Factory) Config() (*config.Config, error) {
	if f.made.config != nil {
		return f.made.config, nil
	}
	dir, err := config.Dir(f.opts.ConfigDir, f.Env.Get, f.Env.Home())
	if err != nil {
		return nil, err
	}
	c, err := config.Load(dir)
	if err != nil {
		return nil, err
	}
	c.LockTimeout = f.opts.LockTimeout
	f.Debugf("settings: %s", c.File)
	f.made.config = c
	return c, nil
}

// Registry has the adapters, the built-in ones and the user's.
func (f *Factory) Registry() (*provider.Registry, error) {
	if f.made.registry != nil {
		return f.made.registry, nil
	}
	c, err := f.Config()
	if err != nil {
		return nil, err
	}
	r, err := provider.Load(c.Adapters(), c.File)
	if err != nil {
		return nil, err
	}
	if err := c.CheckProviders(provider.Names(c.Adapters())); err != nil {
		return nil, err
	}
	incomplete := r.Incomplete()
	for _, id := range slices.Sorted(maps.Keys(incomplete)) {
		f.Note("%v; until it is there, %s is left out", incomplete[id][0], id)
	}
	f.made.registry = r
	return r, nil
}

// Adapter is one provider. The error for a name that there is not lists those
// that there are.
func (f *Factory) Adapter(id string) (*provider.Adapter, error) {
	r, err := f.Registry()
	if err != nil {
		return nil, err
	}
	return r.Get(id)
}

// Settings are those in force for a provider.
func (f *Factory) Settings(id string) (config.Settings, error) {
	a, err := f.Adapter(id)
	if err != nil {
		return config.Settings{}, err
	}
	c, err := f.Config()
	if err != nil {
		return config.Settings{}, err
	}
	s, err := c.For(a.ID, a.PluginConfigFile)
	if s.QuietMode {
		f.made.quiet.Store(true)
	}
	f.made.debug = f.made.debug || s.Debug
	return s, err
}

// Store has a provider's accounts. Opening it reads nothing.
func (f *Factory) Store(id string) (store.Backend, error) {
	if s, ok := f.made.stores[id]; ok {
		return s, nil
	}
	path, err := f.accountFile(id)
	if err != nil {
		return nil, err
	}
	s := healing{Backend: f.openFile(path), f: f}
	if f.made.stores == nil {
		f.made.stores = map[string]store.Backend{}
	}
	f.made.stores[id] = s
	return s, nil
}

func (f *Factory) openFile(path string) *store.File {
	return store.Open(path, store.Options{
		LockTimeout: f.opts.LockTimeout,
		Now:         f.now,
		OnNote:      func(n store.Note) { f.Note("%s", n) },
		OnWait:      func(what string) { f.noteWait("waiting for %s", what) },
		Sealing:     f.sealing(),
	})
}

// Claims are the leases on a provider's accounts. Opening them reads nothing.
func (f *Factory) Claims(id string) (*claims.Store, error) {
	if c, ok := f.made.claims[id]; ok {
		return c, nil
	}
	path, err := f.accountFile(id)
	if err != nil {
		return nil, err
	}
	backend, err := f.Store(id)
	if err != nil {
		return nil, err
	}
	c := claims.Open(path, claims.Options{
		LockTimeout: f.opts.LockTimeout,
		Now:         f.now,
		OnNote:      func(n claims.Note) { f.Note("%s", n.Text) },
		OnEvent:     f.onClaim(id, backend),
		OnWait:      func(holder string) { f.noteWait("waiting for the claims, which are locked by %s", holder) },
	})
	if f.made.claims == nil {
		f.made.claims = map[string]*claims.Store{}
	}
	f.made.claims[id] = c
	return c, nil
}

func (f *Factory) accountFile(id string) (string, error) {
	a, err := f.Adapter(id)
	if err != nil {
		return "", err
	}
	c, err := f.Config()
	if err != nil {
		return "", err
	}
	return filepath.Join(c.Dir, a.AccountsFile), nil
}

// Manager is a provider's pool. Claims of the dead are taken out on the way, and
// those of children that outlived their kyoli are renewed for the plugins.
func (f *Factory) Manager(ctx context.Context, id string) (*manager.Manager, error) {
	if m, ok := f.made.managers[id]; ok {
		return m, nil
	}
	adapter, err := f.Adapter(id)
	if err != nil {
		return nil, err
	}
	settings, err := f.Settings(id)
	if err != nil {
		return nil, err
	}
	backend, err := f.Store(id)
	if err != nil {
		return nil, err
	}
	holders, err := f.Claims(id)
	if err != nil {
		return nil, err
	}
	f.heal(ctx)
	if _, err := holders.GC(ctx); err != nil {
		return nil, err
	}
	m := manager.New(f.withAuthJSON(manager.Options{
		Adapter: adapter, Client: f.client(), Store: backend, Claims: holders,
		Settings: poolSettings(settings), Now: f.now, OnEvent: f.onEvent(id),
	}))
	if f.made.managers == nil {
		f.made.managers = map[string]*manager.Manager{}
	}
	f.made.managers[id] = m
	return m, nil
}

// client speaks to token endpoints, through the environment's proxy.
func (f *Factory) client() *provider.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	return &provider.Client{
		HTTP: &http.Client{Transport: transport}, Version: f.Version, Now: f.now, Secret: f.Env.Named,
	}
}

func poolSettings(s config.Settings) manager.Settings {
	return manager.Settings{
		Strategy:                   s.Strategy,
		CrossProcessClaims:         s.CrossProcessClaims,
		SoftQuotaThresholdPercent:  s.SoftQuotaThresholdPercent,
		RateLimitMinBackoff:        s.RateLimitMinBackoff,
		DefaultRetryAfter:          s.DefaultRetryAfter,
		MaxConsecutiveAuthFailures: s.MaxConsecutiveAuthFailures,
		TokenFailureBackoff:        s.TokenFailureBackoff,
		ProactiveRefresh:           s.ProactiveRefresh,
		ProactiveRefreshBuffer:     s.ProactiveRefreshBuffer,
		ProactiveRefreshInterval:   s.ProactiveRefreshInterval,
	}
}

// stateDir is where kyoli keeps what is no account: $XDG_STATE_HOME/kyoli.
func (f *Factory) stateDir() string {
	if dir := f.Env.Get(env.XDGStateHome); filepath.IsAbs(dir) {
		return filepath.Join(dir, "kyoli")
	}
	return filepath.Join(f.Env.Home(), ".local", "state", "kyoli")
}
