package cmd

import (
	"context"
	"slices"

	"github.com/kyoli-gam/kyoli/internal/tui"
)

// poolAddPage are the accounts that are not in a pool yet. It stays open, so that
// several can be added.
func (m *menu) poolAddPage(name string) tui.Page {
	p := m.pool(name)
	if p == nil {
		return tui.Page{Gone: "the pool is not there any more"}
	}
	var rows []accountRow
	for i := range m.state.rows {
		r := &m.state.rows[i]
		in := slices.ContainsFunc(p.Members, func(member memberRow) bool { return member.UUID == r.UUID || member.UUID == r.owner })
		if r.Provider == p.BaseProvider && !in {
			rows = append(rows, *r)
		}
	}
	return tui.Page{
		Title: "Add accounts to " + name, Empty: "all accounts of " + p.BaseProvider + " are in it",
		Sections: []tui.Section{m.accountList(rows, func(r accountRow) tui.Step { return m.addMember(name, r.ref(), 0, shown(r.name)+" is in it now") })},
	}
}

// addMember adds an account to a pool, or moves it to another place (0 = the end).
func (m *menu) addMember(pool, account string, place int, done string) tui.Run {
	return m.do(menuAction{command: "pools add", doing: "changing the pool", done: done, run: func(ctx context.Context, f *Factory) error {
		return runPoolsAdd(ctx, f, &poolsAddOptions{Pool: pool, Accounts: []string{account}, At: place})
	}})
}

// memberMenu is what can be done with a member.
func (m *menu) memberMenu(pool string, member memberRow, at int) tui.Step {
	return tui.Open{Once: true, Page: func() tui.Page {
		name := shown(member.cell().Text)
		var items []tui.Item
		if at > 0 && member.Account != "" {
			items = append(items, tui.Choice("first", "Try it first", m.addMember(pool, member.UUID, 1, name+" is tried first")))
		}
		items = append(items, tui.Choice("out", "Take it out of the pool", m.do(menuAction{
			command: "pools remove", doing: "changing the pool", done: name + " is not in it any more",
			run: func(ctx context.Context, f *Factory) error {
				return runPoolsRemove(ctx, f, &poolsRemoveOptions{Pool: pool, Accounts: []string{member.UUID}})
			},
		})))
		return tui.Page{Title: member.cell().Text + " in pool " + pool, Sections: []tui.Section{{Items: items}}}
	}}
}
