package cmd

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kyoli-gam/kyoli/internal/termtext"
	"github.com/kyoli-gam/kyoli/pkg/manager/pools"
)

// poolRow is `kyoli pools show --json`, and one of `kyoli pools list --json`.
type poolRow struct {
	Name         string      `json:"name"`
	BaseProvider string      `json:"baseProvider"`
	Enabled      bool        `json:"enabled"`
	Members      []memberRow `json:"members"`
	Chains       []string    `json:"chains"` // that name it
}

// memberRow is an account of a pool.
type memberRow struct {
	UUID    string `json:"uuid"`
	Account string `json:"account,omitempty"` // as it is called; absent: there is no such account
}

func newPoolRow(p *pools.Pool, c *pools.Config, names memberNames) poolRow {
	row := poolRow{Name: p.Name, BaseProvider: p.BaseProvider, Enabled: p.Enabled, Members: []memberRow{}, Chains: []string{}}
	for _, uuid := range p.Members {
		row.Members = append(row.Members, memberRow{UUID: uuid, Account: names.of(p.BaseProvider, uuid)})
	}
	for _, ch := range c.Chains {
		if slices.ContainsFunc(ch.Entries, func(e *pools.Entry) bool { return e.Pool == p.Name }) {
			row.Chains = append(row.Chains, ch.Name)
		}
	}
	return row
}

func poolTable(rows []poolRow) *termtext.Table {
	table := &termtext.Table{Heads: []string{"pool", "provider", "state", "members"}}
	for _, r := range rows {
		var texts, uuids []string
		for _, m := range r.Members {
			texts = append(texts, m.cell().Text)
			uuids = append(uuids, m.UUID)
		}
		members := termtext.Cell{Text: strings.Join(texts, ", "), Full: strings.Join(uuids, ",")}
		table.Row(termtext.Text(r.Name), termtext.Text(r.BaseProvider), enabledCell(r.Enabled), members)
	}
	return table
}

func (m memberRow) cell() termtext.Cell {
	if m.Account == "" {
		return termtext.Cell{Text: m.UUID + " (unknown)", Full: m.UUID, Style: termtext.Warn}
	}
	return termtext.Text(m.Account)
}

func enabledCell(enabled bool) termtext.Cell {
	if enabled {
		return termtext.Cell{Text: "enabled", Style: termtext.Good}
	}
	return termtext.Cell{Text: "disabled", Style: termtext.Faint}
}

// placeCell is a place in a list, counted from 1.
func placeCell(i int) termtext.Cell { return termtext.Text(fmt.Sprint(i + 1)) }
