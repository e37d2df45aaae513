package cmd

import (
	"context"

	"github.com/kyoli-gam/kyoli/internal/tui"
)

// addPage is where an account can come from.
func (m *menu) addPage() tui.Page {
	return tui.Page{Title: "Add an account", Sections: []tui.Section{{Items: []tui.Item{
		tui.Choice("opencode", "Take over OpenCode's login", m.do(menuAction{
			command: "migrate auth-json", doing: "taking over OpenCode's login",
			run: func(ctx context.Context, f *Factory) error { return runMigrate(ctx, f, &migrateOptions{Merge: true}) },
		})),
	}}}}
}
