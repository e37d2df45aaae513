package cmd

import (
	"context"
	"fmt"
	"strings"

	"github.com/kyoli-gam/kyoli/internal/termtext"
	"github.com/kyoli-gam/kyoli/internal/tui"
)

// start is the first page: what can be done, and the accounts.
func (m *menu) start() tui.Page {
	return tui.Page{
		Title: m.title(), Above: linesOf(m.state.failed),
		Sections: []tui.Section{{Items: m.actions()}, m.accountList(m.state.rows, m.openAccount)},
	}
}

func (m *menu) title() string {
	rows, usable := m.state.rows, 0
	for i := range rows {
		if rows[i].Usable {
			usable++
		}
	}
	title := "kyoli"
	if m.f.opts.Provider != "" {
		title += " " + m.f.opts.Provider
	}
	switch {
	case len(rows) == 0 && m.state.failed != "":
		return title
	case len(rows) == 0:
		return title + "  no accounts yet"
	}
	return fmt.Sprintf("%s  %d of %s usable", title, usable, counted(len(rows), "account"))
}

func (m *menu) actions() []tui.Item {
	item := func(id, name, about string, step tui.Step) tui.Item {
		return tui.Item{ID: id, Cells: []termtext.Cell{termtext.Text(name), {Text: about, Style: termtext.Faint}}, Step: step}
	}
	items := []tui.Item{item("add", "Add an account", "log in, or take over OpenCode's login", tui.Open{Page: m.addPage})}
	if len(m.state.rows) > 0 {
		items = append(items, item("quotas", "Check quotas", "ask the providers", m.checkQuotas("")))
	}
	items = append(items,
		item("strategy", "Strategy", m.strategies(), tui.Open{Page: m.strategyPage}),
		item("pools", "Pools", m.poolsShort(), tui.Open{Page: m.poolsPage}),
	)
	if len(m.state.rows) > 0 {
		items = append(items, item("sync", "Sync", "write OpenCode's auth.json", m.sync()))
	}
	return items
}

// checkQuotas asks about one account, or "" = about all.
func (m *menu) checkQuotas(provider string, accounts ...string) tui.Run {
	return m.do(menuAction{
		command: "accounts usage", doing: "checking quotas", provider: provider, title: "Quotas",
		run: func(ctx context.Context, f *Factory) error {
			return runAccountsUsage(ctx, f, &accountsUsageOptions{Accounts: accounts, Refresh: true})
		},
	})
}

// accountList are accounts to choose from, with as many columns as fit.
func (m *menu) accountList(rows []accountRow, open func(r accountRow) tui.Step) tui.Section {
	s := tui.Section{Items: make([]tui.Item, len(rows))}
	for i := range rows {
		r := &rows[i]
		s.Items[i] = tui.Item{
			ID: "account " + r.Provider + " " + r.owner, Find: strings.Join([]string{r.name, r.Email, r.Provider, r.statusCell().Text}, " "),
			Step: open(*r),
		}
	}
	s.Draw = func(some []int, width int) (string, []string) {
		list := make([]accountRow, len(some))
		for i, at := range some {
			list[i] = rows[at]
		}
		return tui.TableLines(liveTable(list, m.f.now(), width), width, m.f.Colour() && !m.plain)
	}
	return s
}

func (m *menu) openAccount(r accountRow) tui.Step {
	provider, owner := r.Provider, r.owner
	return tui.Open{Page: func() tui.Page { return m.accountPage(provider, owner) }}
}
