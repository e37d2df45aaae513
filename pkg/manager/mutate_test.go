package manager

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

func TestMutations(t *testing.T) {
	t.Parallel()
	type change func(context.Context, *Manager) error
	many := func(f func(*Manager, context.Context, ...string) ([]*store.Account, error), names ...string) change {
		return func(ctx context.Context, m *Manager) error {
			changed, err := f(m, ctx, names...)
			if err == nil && len(changed) == 0 {
				return errors.New("nothing is said to have changed")
			}
			return err
		}
	}
	failing := func(a *store.Account) { dead(a); a.ConsecutiveAuthFailures = 3 }
	usedUp := func(a *store.Account) {
		limitedFor(1000)(a)
		a.CachedUsage, a.CachedUsageAt = &store.Usage{FiveHour: window(100, 1e12)}, in(0)
	}
	tests := map[string]struct {
		a, b   *store.Account
		change change
		want   func(a, b *store.Account)
	}{
		"enable": {
			acct("a", off, failing), acct("b", off), many((*Manager).Enable, "label-a"),
			func(a, _ *store.Account) {
				a.Enabled, a.IsAuthDisabled, a.AuthDisabledReason, a.ConsecutiveAuthFailures = true, false, "", 0
			},
		},
		"enable several": {
			acct("a", off), acct("b", off), many((*Manager).Enable, "label-a", "b", "a"),
			func(a, b *store.Account) { a.Enabled, b.Enabled = true, true },
		},
		"disable":             {acct("a"), acct("b"), many((*Manager).Disable, "b"), func(_, b *store.Account) { b.Enabled = false }},
		"toggle off":          {acct("a"), acct("b"), many((*Manager).Toggle, "b"), func(_, b *store.Account) { b.Enabled = false }},
		"toggle on":           {acct("a"), acct("b", off), many((*Manager).Toggle, "b"), func(_, b *store.Account) { b.Enabled = true }},
		"toggle a dead one":   {acct("a", dead), acct("b"), many((*Manager).Toggle, "a"), func(a, _ *store.Account) { a.IsAuthDisabled, a.AuthDisabledReason = false, "" }},
		"toggle, named twice": {acct("a"), acct("b"), many((*Manager).Toggle, "a", "label-a"), func(a, _ *store.Account) { a.Enabled = false }},
		"reset": {
			acct("a", off, failing, usedUp), acct("b", usedUp), many((*Manager).Reset, "a"),
			func(a, _ *store.Account) {
				a.IsAuthDisabled, a.AuthDisabledReason, a.ConsecutiveAuthFailures = false, "", 0
				a.RateLimitResetAt, a.CachedUsage, a.CachedUsageAt = 0, nil, 0
			},
		},
		"reset keeps a usage that limits nothing": {
			acct("a", func(a *store.Account) {
				a.CachedUsage, a.CachedUsageAt = &store.Usage{FiveHour: window(99, 1e12)}, 7
				limitedFor(1e9)(a)
			}),
			acct("b"), many((*Manager).Reset, "a"), func(a, _ *store.Account) { a.RateLimitResetAt = 0 },
		},
		"label": {
			acct("a"), acct("b"), func(ctx context.Context, m *Manager) error { _, err := m.SetLabel(ctx, "a", "work"); return err },
			func(a, _ *store.Account) { a.Label = "work" },
		},
		"label its own again": {
			acct("a"), acct("b"), func(ctx context.Context, m *Manager) error { _, err := m.SetLabel(ctx, "a", "label-a"); return err },
			func(_, _ *store.Account) {},
		},
		"no label": {
			acct("a"), acct("b"), func(ctx context.Context, m *Manager) error { _, err := m.SetLabel(ctx, "a", ""); return err },
			func(a, _ *store.Account) { a.Label = "" },
		},
	}
	for title, tt := range tests {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			m, b, _ := pooled(t, Settings{}, tt.a, tt.b)
			if err := tt.change(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			tt.want(tt.a, tt.b)
			for _, want := range []*store.Account{tt.a, tt.b} {
				if diff := cmp.Diff(want, b.get(want.UUID), cmp.FilterPath(private, cmp.Ignore())); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func TestUse(t *testing.T) {
	t.Parallel()
	m, b, _ := pooled(t, Settings{}, acct("a"), acct("b"))
	a, err := m.Use(t.Context(), "label-b")
	if err != nil || a.UUID != "b" || b.active != "b" {
		t.Errorf("Use = %+v, %v; active %s", a, err, b.active)
	}
}

func TestRemove(t *testing.T) {
	t.Parallel()
	m, b, _ := pooled(t, Settings{}, acct("a"), acct("b"), acct("c"))
	removed, err := m.Remove(t.Context(), "a", "label-c")
	if err != nil || len(removed) != 2 || removed[0].UUID != "a" || removed[1].UUID != "c" {
		t.Errorf("Remove = %v, %v", removed, err)
	}
	if len(b.accounts) != 1 || b.active != "b" {
		t.Errorf("left %v, active %s", b.accounts, b.active)
	}
}

// One name that is wrong, and nothing is changed.
func TestMutationsAreAllOrNothing(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	m, b, _ := pooled(t, Settings{}, acct("a"), acct("b"))
	for name, err := range map[string]error{
		"enable":  second(m.Enable(ctx, "a", "zzz")),
		"disable": second(m.Disable(ctx, "a", "zzz")),
		"toggle":  second(m.Toggle(ctx, "a", "zzz")),
		"reset":   second(m.Reset(ctx, "a", "zzz")),
		"remove":  second(m.Remove(ctx, "a", "zzz")),
		"use":     second(m.Use(ctx, "zzz")),
		"label":   second(m.SetLabel(ctx, "zzz", "x")),
	} {
		var unknown *store.UnknownAccountError
		if !errors.As(err, &unknown) {
			t.Errorf("%s: err = %v", name, err)
		}
	}
	if b.updates != 0 {
		t.Errorf("%d changes", b.updates)
	}
}

func second[T any](_ T, err error) error { return err }

func TestALabelStaysUnambiguous(t *testing.T) {
	t.Parallel()
	m, b, _ := pooled(t, Settings{}, acct("a"),
		acct("beef-1", func(a *store.Account) { a.Email = "b@example.com" }),
		acct("twin-1", func(a *store.Account) { a.Email = "twins@example.com" }),
		acct("twin-2", func(a *store.Account) { a.Email = "twins@example.com" }))
	for _, label := range []string{"label-beef-1", "B@example.com", "beef-1", "BEEF", "twins@example.com"} {
		_, err := m.SetLabel(t.Context(), "a", label)
		var taken *LabelTakenError
		if !errors.As(err, &taken) || taken.Label != label {
			t.Errorf("%s: err = %v", label, err)
		}
	}
	if b.updates != 0 {
		t.Errorf("%d changes", b.updates)
	}
	if _, err := m.SetLabel(t.Context(), "beef-1", "b@example.com"); err != nil {
		t.Errorf("its own e-mail as label: %v", err)
	}
}
