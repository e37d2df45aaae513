package cmd

import (
	"context"

	"github.com/kyoli-gam/kyoli/internal/tui"
)

// sync leads to the page of the one provider that has accounts, or asks which.
func (m *menu) sync() tui.Step {
	return tui.Open{Page: func() tui.Page {
		var some []menuProvider
		for _, p := range m.state.providers {
			if p.accounts > 0 {
				some = append(some, p)
			}
		}
		if len(some) == 1 {
			return m.syncPage(some[0].id)
		}
		var items []tui.Item
		for _, p := range some {
			items = append(items, tui.Choice(p.id, p.name, tui.Open{Page: func() tui.Page { return m.syncPage(p.id) }}))
		}
		return tui.Page{Title: "Sync: of which provider?", Sections: []tui.Section{{Items: items}}, Empty: "there are no accounts"}
	}}
}

func (m *menu) syncPage(provider string) tui.Page {
	return tui.Page{
		Title: "Sync " + provider,
		Above: []string{"Writes the active account into OpenCode's auth.json, for an OpenCode that kyoli does not start. All else in the file stays as it is."},
		Sections: []tui.Section{{Items: []tui.Item{
			tui.Choice("show", "Show what would change", m.do(menuAction{
				command: "sync-auth", doing: "comparing", provider: provider, title: "What would change",
				run: func(ctx context.Context, f *Factory) error {
					return runSyncAuth(ctx, f, &syncAuthOptions{DryRun: true})
				},
			})),
			tui.Choice("write", "Write it", m.syncRun(provider, &syncAuthOptions{})),
		}}},
	}
}

func (m *menu) syncRun(provider string, o *syncAuthOptions) tui.Run {
	return m.do(menuAction{
		command: "sync-auth", doing: "writing auth.json", provider: provider,
		run: func(ctx context.Context, f *Factory) error { return runSyncAuth(ctx, f, o) },
	})
}
