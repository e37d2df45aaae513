package manager

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

func TestEventsOfMutations(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	usedUp := &store.Usage{FiveHour: window(100, 3600)}
	for title, tt := range map[string]struct {
		do   func(*Manager) error
		want []string
	}{
		"use":            {func(m *Manager) error { return second(m.Use(ctx, "b")) }, []string{"switched b made the active account"}},
		"use the active": {func(m *Manager) error { return second(m.Use(ctx, "a")) }, nil},
		"use nobody":     {func(m *Manager) error { _ = second(m.Use(ctx, "zzz")); return nil }, nil},
		"enable":         {func(m *Manager) error { return second(m.Enable(ctx, "a", "b")) }, []string{"enabled a by hand", "enabled b by hand"}},
		"disable":        {func(m *Manager) error { return second(m.Disable(ctx, "b")) }, []string{"disabled b by hand"}},
		"toggle":         {func(m *Manager) error { return second(m.Toggle(ctx, "b", "c")) }, []string{"disabled b by hand", "enabled c by hand"}},
		"reset":          {func(m *Manager) error { return second(m.Reset(ctx, "b")) }, []string{"reset b by hand"}},
		"remove":         {func(m *Manager) error { return second(m.Remove(ctx, "b")) }, []string{"removed b by hand"}},
		"remove the active": {
			func(m *Manager) error { return second(m.Remove(ctx, "a")) },
			[]string{"removed a by hand", "switched b the active account was removed"},
		},
		"remove nobody": {func(m *Manager) error { _ = second(m.Remove(ctx, "a", "zzz")); return nil }, nil},
		"used up": {
			func(m *Manager) error { return m.SetUsage(ctx, "b", usedUp, m.now()) },
			[]string{"rate-limited b used up until " + usedUp.FiveHour.ResetsAt.UTC().Format(time.RFC3339)},
		},
		"used up, as known": {
			func(m *Manager) error {
				if err := m.SetUsage(ctx, "b", usedUp, m.now()); err != nil {
					return err
				}
				return m.SetUsage(ctx, "b", usedUp, m.now())
			},
			[]string{"rate-limited b used up until " + usedUp.FiveHour.ResetsAt.UTC().Format(time.RFC3339)},
		},
		"add": {
			func(m *Manager) error {
				return second(m.Add(ctx, Incoming{Account: &store.Account{UUID: "new", RefreshToken: "rt-new"}}))
			},
			[]string{"added new by hand"},
		},
		"give a new login": {
			func(m *Manager) error {
				return second(m.Add(ctx, Incoming{Account: &store.Account{UUID: "b", RefreshToken: "rt-new"}}))
			},
			[]string{"adopted b given by hand"},
		},
		"give a label": {
			func(m *Manager) error {
				return second(m.Add(ctx, Incoming{Account: acct("b"), Label: "another"}))
			},
			nil,
		},
		"not used up": {func(m *Manager) error { return m.SetUsage(ctx, "b", &store.Usage{FiveHour: window(50, 3600)}, m.now()) }, nil},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			m, _, _ := pooled(t, Settings{}, acct("a"), acct("b"), acct("c", off))
			var got []string
			m.onEvent = func(e Event) { got = append(got, fmt.Sprint(e.Kind, " ", e.UUID, " ", e.Detail)) }
			if err := tt.do(m); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// A request that goes on with another account is told of, one that stays is not.
func TestEventOfSwitching(t *testing.T) {
	t.Parallel()
	s := begun(t, Settings{}, Request{}, acct("a"), acct("b"))
	var got []string
	s.m.onEvent = func(e Event) {
		if e.Kind == EventSwitched {
			got = append(got, e.UUID+" "+e.Detail)
		}
	}
	s.took("chat")
	s.took("chat")
	if _, err := s.Take(t.Context(), Take{Key: "chat", Failed: "a", Exclude: []string{"a"}}); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"b took over from label-a"}, got); d != "" {
		t.Error(d)
	}
}

// An adopted token is told of with the one that it replaces.
func TestEventOfAdoption(t *testing.T) {
	t.Parallel()
	w := newWorld(t, []string{"a"})
	before := w.store.get("uuid-a")
	w.Manager = w.manager(Options{LookElsewhere: func(context.Context, *store.Account) {
		_, err := w.store.Update(t.Context(), func(accounts *store.Accounts) error {
			accounts.Get("uuid-a").RefreshToken, accounts.Get("uuid-a").AccessToken = "newer", "newer-access"
			accounts.Get("uuid-a").ExpiresAt = store.MillisOf(time.Now().Add(time.Hour))
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}})
	if _, result, err := w.Valid(t.Context(), "uuid-a", ValidOptions{}); err != nil || result != ResultAdopted {
		t.Fatalf("%s, %v", result, err)
	}
	e := w.events[0]
	if e.Kind != EventAdopted || e.Parent != before.RefreshToken.Hash() || e.Child != store.Secret("newer").Hash() {
		t.Errorf("told %+v", e)
	}
}
