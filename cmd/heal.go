package cmd

import (
	"context"

	"github.com/kyoli-gam/kyoli/pkg/migrate"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// healing is a store whose first use puts OpenCode's logins in order, should a
// kyoli exec have been killed before it could. Completion, which only peeks,
// does not wait for that.
type healing struct {
	store.Backend
	f *Factory
}

// Load implements store.Backend.
func (h healing) Load(ctx context.Context) (*store.Accounts, error) {
	h.f.heal(ctx)
	return h.Backend.Load(ctx)
}

// List implements store.Backend.
func (h healing) List(ctx context.Context) (*store.Accounts, error) {
	h.f.heal(ctx)
	return h.Backend.List(ctx)
}

// Update implements store.Backend.
func (h healing) Update(ctx context.Context, fn func(*store.Accounts) error) (*store.Accounts, error) {
	h.f.heal(ctx)
	return h.Backend.Update(ctx, fn)
}

// heal does, once a process, what a kyoli that was killed has left to do for an
// OpenCode that it ran. It costs one look at a directory where there is nothing
// to do. That it cannot be done does not keep a command from its own work.
func (f *Factory) heal(ctx context.Context) {
	if f.made.healed.Swap(true) {
		return
	}
	place, err := f.authPlace("")
	if err != nil {
		return
	}
	if err := migrate.Heal(ctx, place.StateDir, place.Sealing); err != nil && ctx.Err() == nil {
		f.Note("warning: OpenCode's logins are not in order yet, the next kyoli command tries again: %v", err)
	}
}
