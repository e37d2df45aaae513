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
			Step: m.loginPage("Log in at "+p.name, loginOptions{Provider: p.id}, 2),
		})
	}
	items = append(items, tui.Choice("opencode", "Take over OpenCode's login", m.do(menuAction{
		command: "migrate auth-json", doing: "taking over OpenCode's login", leave: 1,
		run: func(ctx context.Context, f *Factory) error { return runMigrate(ctx, f, &migrateOptions{Merge: true}) },
	})))
	return tui.Page{Title: "Add an account", Sections: []tui.Section{{Items: items}}}
}

// loginPage asks how to log in; leave is how many pages are left by the login.
func (m *menu) loginPage(title string, o loginOptions, leave int) tui.Step {
	o.Timeout = defaultLoginTimeout
	device, manual, address := o, o, o
	device.Device, manual.Manual, address.NoBrowser = true, true, true
	var items []tui.Item
	for _, way := range []struct {
		id, text, about string
		o               loginOptions
	}{
		{"here", "As it works here", "a browser where there is one, else a code", o},
		{"device", "With a code", "entered on another device", device},
		{"address", "With the address alone", "a browser on this machine that kyoli does not open", address},
		{"paste", "By pasting back", "the address at which any browser ends", manual},
	} {
		items = append(items, tui.Item{
			ID: way.id, Cells: []termtext.Cell{termtext.Text(way.text), {Text: way.about, Style: termtext.Faint}},
			Step: m.logIn(way.o, leave),
		})
	}
	return tui.Open{Page: func() tui.Page { return tui.Page{Title: title, Sections: []tui.Section{{Items: items}}} }}
}

// logIn logs in, on the terminal itself.
func (m *menu) logIn(o loginOptions, leave int) tui.Run {
	return m.do(menuAction{
		command: "login", doing: "logging in", outside: true, leave: leave,
		run: func(ctx context.Context, f *Factory) error { return runLogin(ctx, f, &o) },
	})
}
