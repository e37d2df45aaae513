package cmd

import (
	"context"
	"slices"
	"strings"

	"github.com/kyoli-gam/kyoli/internal/termtext"
	"github.com/kyoli-gam/kyoli/internal/tui"
	"github.com/kyoli-gam/kyoli/pkg/manager"
)

// strategyKey is the setting.
const strategyKey = "account_selection_strategy"

// strategyWords say what the strategies do.
var strategyWords = map[string]string{
	manager.StrategySticky:     "stay with one account as long as it is usable",
	manager.StrategyRoundRobin: "each time the next one",
	manager.StrategyHybrid:     "the one with the most left, and no needless change",
}

// strategies are those in force, in short.
func (m *menu) strategies() string {
	var own []string
	for _, p := range m.state.providers {
		if p.strategy != m.state.strategy {
			own = append(own, p.id+" "+p.strategy)
		}
	}
	if m.f.opts.Provider != "" && len(m.state.providers) == 1 {
		return m.state.providers[0].strategy
	}
	return strings.Join(append([]string{m.state.strategy}, own...), ", ")
}

// strategyPage is for whom a strategy is to be chosen.
func (m *menu) strategyPage() tui.Page {
	if m.f.opts.Provider != "" {
		return m.strategyChoices(m.f.opts.Provider)
	}
	item := func(provider, name, now string) tui.Item {
		return tui.Item{ID: provider, Cells: []termtext.Cell{termtext.Text(name), termtext.Text(now)}, Step: tui.Open{
			Page: func() tui.Page { return m.strategyChoices(provider) },
		}}
	}
	items := []tui.Item{item("", "all providers", m.state.strategy)}
	for _, p := range m.state.providers {
		if p.accounts == 0 && !p.own {
			continue
		}
		now := p.strategy
		if p.own {
			now += " (its own)"
		}
		items = append(items, item(p.id, "only "+p.id, now))
	}
	return tui.Page{
		Title: "Strategy", Above: []string{"How an account is chosen for a program."},
		Sections: []tui.Section{{Items: items}},
	}
}

func (m *menu) strategyChoices(provider string) tui.Page {
	now, whose := m.state.strategy, "all providers"
	if provider != "" {
		whose = provider
		i := slices.IndexFunc(m.state.providers, func(p menuProvider) bool { return p.id == provider })
		if i < 0 {
			return tui.Page{Gone: "the provider is not there any more"}
		}
		now = m.state.providers[i].strategy
	}
	var items []tui.Item
	for _, name := range manager.Strategies() {
		mark := termtext.Cell{}
		if name == now {
			mark = termtext.Cell{Text: "now", Style: termtext.Good}
		}
		items = append(items, tui.Item{
			ID: name, Step: m.setStrategy(provider, name),
			Cells: []termtext.Cell{termtext.Text(name), {Text: strategyWords[name], Style: termtext.Faint}, mark},
		})
	}
	return tui.Page{Title: "Strategy for " + whose, Sections: []tui.Section{{Items: items}}}
}

func (m *menu) setStrategy(provider, name string) tui.Step {
	return m.do(menuAction{
		command: "config set", doing: "setting the strategy", provider: provider, leave: 1,
		run: func(ctx context.Context, f *Factory) error {
			err := runConfigSet(ctx, f, &configSetOptions{Key: strategyKey, Value: name})
			if err == nil {
				f.Note("%s = %s", f.withProvider(strategyKey), name)
			}
			return err
		},
	})
}
