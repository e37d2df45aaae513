package cmd

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/kyoli-gam/kyoli/internal/termtext"
	"github.com/kyoli-gam/kyoli/internal/tui"
)

// poolsShort is how many pools there are.
func (m *menu) poolsShort() string {
	switch {
	case m.state.poolsErr != "":
		return "cannot be read"
	case len(m.state.pools) == 0:
		return "none"
	}
	return counted(len(m.state.pools), "pool")
}

func (m *menu) poolsPage() tui.Page {
	var items []tui.Item
	table := poolTable(m.state.pools)
	for i, p := range m.state.pools {
		items = append(items, tui.Item{ID: "pool " + p.Name, Cells: table.Rows[i], Step: m.openPool(p.Name)})
	}
	page := tui.Page{
		Title: "Pools", Above: linesOf(m.state.poolsErr),
		Sections: []tui.Section{{Items: []tui.Item{tui.Choice("create", "Create a pool", m.createPool())}}},
	}
	if len(items) > 0 {
		page.Sections = append(page.Sections, tui.Section{Heads: table.Heads, Items: items})
	}
	return page
}

func (m *menu) openPool(name string) tui.Step {
	return tui.Open{Page: func() tui.Page { return m.poolPage(name) }}
}

// createPool asks for the name, after the provider where several have accounts.
func (m *menu) createPool() tui.Step {
	var some []menuProvider
	for _, p := range m.state.providers {
		if p.accounts > 0 {
			some = append(some, p)
		}
	}
	switch len(some) {
	case 0:
		return tui.Say{Text: "there are no accounts yet"}
	case 1:
		return m.askPoolName(some[0].id)
	}
	return tui.Open{Once: true, Page: func() tui.Page {
		var items []tui.Item
		for _, p := range some {
			items = append(items, tui.Choice(p.id, p.name, m.askPoolName(p.id)))
		}
		return tui.Page{Title: "Create a pool: of which provider?", Sections: []tui.Section{{Items: items}}}
	}}
}

func (m *menu) askPoolName(provider string) tui.Step {
	return tui.Ask{Prompt: "name of the pool", Then: func(text string) (tui.Step, error) {
		name := strings.TrimSpace(text)
		if name == "" {
			return nil, errors.New("give the name")
		}
		return m.do(menuAction{
			command: "pools create", doing: "creating the pool", provider: provider,
			done: "created pool " + shown(name), then: m.openPool(name),
			run: func(ctx context.Context, f *Factory) error {
				return runPoolsCreate(ctx, f, &poolsCreateOptions{Pool: name})
			},
		}), nil
	}}
}

func (m *menu) pool(name string) *poolRow {
	i := slices.IndexFunc(m.state.pools, func(p poolRow) bool { return p.Name == name })
	if i < 0 {
		return nil
	}
	return &m.state.pools[i]
}

// poolPage is one pool: what can be done with it, and its members in their order.
func (m *menu) poolPage(name string) tui.Page {
	p := m.pool(name)
	if p == nil {
		return tui.Page{Gone: "the pool is not there any more"}
	}
	state := func(command, doing string, enabled bool) tui.Run {
		done := "pool " + shown(name) + " is " + enabledCell(enabled).Text
		return m.do(menuAction{command: command, doing: doing, done: done, run: func(ctx context.Context, f *Factory) error {
			return runPoolsState(ctx, f, &poolsStateOptions{Pools: []string{name}}, enabled)
		}})
	}
	items := []tui.Item{tui.Choice("add", "Add accounts to it", tui.Open{Page: func() tui.Page { return m.poolAddPage(name) }})}
	if p.Enabled {
		items = append(items, tui.Choice("disable", "Disable it", state("pools disable", "disabling the pool", false)))
	} else {
		items = append(items, tui.Choice("enable", "Enable it", state("pools enable", "enabling the pool", true)))
	}
	items = append(items, tui.Choice("delete", "Delete it; its accounts stay", m.deletePool(p)))
	page := tui.Page{
		Title: "Pool " + name, Above: []string{p.BaseProvider + ", " + enabledCell(p.Enabled).Text},
		Sections: []tui.Section{{Items: items}},
	}
	members := tui.Section{Heads: []string{"place", "account"}}
	for i, member := range p.Members {
		members.Items = append(members.Items, tui.Item{
			ID: "member " + member.UUID, Cells: []termtext.Cell{placeCell(i), member.cell()},
			Step: m.memberMenu(name, member, i),
		})
	}
	if len(members.Items) > 0 {
		page.Sections = append(page.Sections, members)
	}
	return page
}

func (m *menu) deletePool(p *poolRow) tui.Step {
	var question []string
	if len(p.Chains) > 0 {
		question = append(question, "It is named in "+counted(len(p.Chains), "chain")+": "+strings.Join(p.Chains, ", ")+".")
	}
	return tui.Confirm("Delete pool "+shown(p.Name)+"?", question, "No, keep it", "Yes, delete it", m.do(menuAction{
		command: "pools rm", doing: "deleting the pool", leave: 1, done: "deleted pool " + shown(p.Name),
		run: func(ctx context.Context, f *Factory) error {
			return runPoolsRm(ctx, f, &poolsRmOptions{Pools: []string{p.Name}, Yes: true})
		},
	}))
}
