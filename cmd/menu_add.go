package cmd

import (
	"context"

	"github.com/kyoli-gam/kyoli/internal/termtext"
	"github.com/kyoli-gam/kyoli/internal/tui"
)

// addPage is where an account can come from.
func (m *menu) addPage() tui.Page {
	var items []tui.Item
	for _, p := range m.state.providers {
		items = append(items, tui.Item{
			ID: "login " + p.id, Cells: []termtext.Cell{termtext.Text("Log in at " + p.name), {Text: p.id, Style: termtext.Faint}},
			Step: m.logIn(&loginOptions{Provider: p.id}, "logging in at "+p.id, 1),
		})
	}
	items = append(items, tui.Choice("opencode", "Take over OpenCode's login", m.do(menuAction{
		command: "migrate auth-json", doing: "taking over OpenCode's login", leave: 1,
		run: func(ctx context.Context, f *Factory) error { return runMigrate(ctx, f, &migrateOptions{Merge: true}) },
	})))
	return tui.Page{Title: "Add an account", Sections: []tui.Section{{Items: items}}}
}

// logIn logs in, on the terminal itself.
func (m *menu) logIn(o *loginOptions, doing string, leave int) tui.Run {
	o.Timeout = defaultLoginTimeout
	return m.do(menuAction{
		command: "login", doing: doing, outside: true, leave: leave,
		run: func(ctx context.Context, f *Factory) error { return runLogin(ctx, f, o) },
	})
}
