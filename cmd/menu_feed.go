package cmd

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/kyoli-gam/kyoli/internal/filewatch"
	"github.com/kyoli-gam/kyoli/pkg/manager/pools"
)

// menuState is what the menu shows, as it was read last.
type menuState struct {
	rows      []accountRow
	providers []menuProvider
	strategy  string // for all providers that have none of their own
	pools     []poolRow
	poolsErr  string // why the pools cannot be read, "" = they can
	failed    string // why the accounts cannot be read
}

// menuProvider is a provider, as the menu shows it.
type menuProvider struct {
	id, name string
	accounts int
	strategy string // in force
	own      bool   // it is set for this provider alone
}

// menuFeed reads what the menu shows, and follows the files in which it is.
type menuFeed struct {
	menu *menu

	mu       sync.Mutex
	watch    *accountsWatch  // nil = to be opened
	data     <-chan struct{} // accounts or claims have changed
	settings <-chan struct{} // kyoli.yaml or the pools have
	stop     context.CancelFunc
	changed  bool
	rest     menuState // all but the accounts
}

// Load implements tui.Feed.
func (d *menuFeed) Load(ctx context.Context, acted bool) (apply func()) {
	d.mu.Lock()
	w, rest, changed := d.watch, d.rest, d.changed || acted
	d.changed = false
	d.mu.Unlock()
	if w == nil || acted {
		var err error
		if w, rest, err = d.open(ctx); err != nil {
			return d.fail(err, nil)
		}
	}
	rows, err := w.rows(ctx, changed)
	if err != nil {
		return d.fail(err, &rest)
	}
	next := rest.with(rows)
	return func() { d.menu.state = next }
}

// with is the state with accounts.
func (s menuState) with(rows []accountRow) menuState {
	s.rows, s.providers = rows, slices.Clone(s.providers)
	for i := range s.providers {
		for j := range rows {
			if rows[j].Provider == s.providers[i].id {
				s.providers[i].accounts++
			}
		}
	}
	return s
}

// fail leaves the accounts as they were, and says why. The next look begins anew.
func (d *menuFeed) fail(err error, rest *menuState) (apply func()) {
	d.mu.Lock()
	d.watch = nil
	d.mu.Unlock()
	return func() {
		state := &d.menu.state
		if rest != nil {
			*state = rest.with(state.rows)
		}
		state.failed = errorText(err)
	}
}

// open reads the settings and the pools, and begins to follow the files.
func (d *menuFeed) open(ctx context.Context) (*accountsWatch, menuState, error) {
	d.close()
	f := d.menu.f.inside("menu", nil, nil)
	w := &accountsWatch{f: f}
	paths, err := w.open(ctx)
	if err != nil {
		return nil, menuState{}, err
	}
	rest, others, err := f.menuRest(ctx)
	if err != nil {
		return nil, menuState{}, err
	}
	following, stop := context.WithCancel(ctx)
	data, settings := filewatch.Follow(following, paths...), filewatch.Follow(following, others...)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.watch, d.data, d.settings, d.stop, d.rest = w, data, settings, stop, rest
	return w, rest, nil
}

func (d *menuFeed) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stop != nil {
		d.stop()
		d.stop = nil
	}
}

// Wait implements tui.Feed. It returns each second as well, for what counts down.
func (d *menuFeed) Wait(ctx context.Context) bool {
	d.mu.Lock()
	data, settings := d.data, d.settings
	d.mu.Unlock()
	select {
	case <-ctx.Done():
		return false
	case <-time.After(untilNext(d.menu.f.now(), watchTick)):
		return true
	case <-data:
		d.again(false)
	case <-settings:
		d.again(true)
	}
	_, ok := await(ctx, nil, time.After(watchRest))
	return ok
}

// again has the accounts read anew, or all.
func (d *menuFeed) again(all bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.changed = true
	if all {
		d.watch = nil
	}
}

// menuRest is what is shown beside the accounts, and the files that it is in. Pools
// that cannot be read do not keep the menu from the accounts.
func (f *Factory) menuRest(ctx context.Context) (s menuState, paths []string, err error) {
	ids, err := f.listed()
	if err != nil {
		return s, nil, err
	}
	c, err := f.Config()
	if err != nil {
		return s, nil, err
	}
	all, err := f.setting(strategyKey)
	if err != nil {
		return s, nil, err
	}
	s.strategy, _ = all.Value.(string)
	paths = append(paths, c.File)
	for _, id := range ids {
		adapter, err := f.Adapter(id)
		if err != nil {
			return s, nil, err
		}
		settings, err := f.Settings(id)
		if err != nil {
			return s, nil, err
		}
		_, own, err := c.Get(providerKey(id, strategyKey))
		if err != nil {
			return s, nil, err
		}
		s.providers = append(s.providers, menuProvider{id: id, name: adapter.DisplayName, strategy: settings.Strategy, own: own})
	}
	file, err := f.Pools()
	if err != nil {
		return s, nil, err
	}
	paths = append(paths, file.Path())
	config, err := file.Load(ctx)
	if err != nil {
		s.poolsErr = errorText(err)
		return s, paths, nil
	}
	s.pools = f.menuPools(ctx, config)
	return s, paths, nil
}

func (f *Factory) menuPools(ctx context.Context, c *pools.Config) []poolRow {
	names := f.memberNames(ctx)
	var rows []poolRow
	for _, p := range c.Pools {
		if f.opts.Provider == "" || p.BaseProvider == f.opts.Provider {
			rows = append(rows, newPoolRow(p, c, names))
		}
	}
	return rows
}
