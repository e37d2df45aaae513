package cmd

import (
	"context"
	"errors"
	"strings"

	"github.com/kyoli-gam/kyoli/internal/termtext"
	"github.com/kyoli-gam/kyoli/internal/tui"
	"github.com/kyoli-gam/kyoli/pkg/manager"
)

// account finds an account by what stays the same of it.
func (m *menu) account(provider, owner string) *accountRow {
	for i := range m.state.rows {
		if r := &m.state.rows[i]; r.Provider == provider && r.owner == owner {
			return r
		}
	}
	return nil
}

// ref is how a command is told which account is meant.
func (r *accountRow) ref() string {
	if r.UUID != "" {
		return r.UUID
	}
	return firstText(r.Label, r.Email)
}

// accountPage is one account, and what can be done with it.
func (m *menu) accountPage(provider, owner string) tui.Page {
	r := m.account(provider, owner)
	if r == nil {
		return tui.Page{Gone: "the account is not there any more"}
	}
	return tui.Page{
		Title: r.name, Above: append(m.about(r), linesOf(m.state.failed)...),
		Sections: []tui.Section{{Items: m.accountActions(*r)}},
	}
}

// about says what is known of an account.
func (m *menu) about(r *accountRow) []string {
	now := m.f.now()
	t := &termtext.Table{}
	row := func(name string, cell termtext.Cell) {
		if cell.Text != "" && cell.Text != none {
			t.Row(termtext.Text(name), termtext.Text(cell.Text))
		}
	}
	window := func(choose func(*usageRow) *windowRow) termtext.Cell {
		c := r.windowAt(choose, now)
		if reset := r.resetIn(choose, now); reset.Text != none && c.Text != none {
			c.Text += ", reset in " + reset.Text
		}
		return c
	}
	row("provider", termtext.Text(r.Provider))
	row("e-mail", termtext.Text(r.Email))
	row("plan", termtext.Text(r.plan))
	status := r.liveStatus(now)
	if r.Active {
		status.Text += ", active"
	}
	row("status", status)
	row("reason", termtext.Text(r.Reason))
	row("5 hours", window(fiveHour))
	row("7 days", window(sevenDay))
	row("held by", r.holders())
	_, lines := tui.TableLines(t, m.f.menuWidth(), false)
	return lines
}

func (m *menu) accountActions(r accountRow) []tui.Item {
	var items []tui.Item
	add := func(id, text string, step tui.Step) { items = append(items, tui.Choice(id, text, step)) }
	change := func(command, doing string, do change) tui.Step {
		return m.do(menuAction{command: command, doing: doing, provider: r.Provider, run: func(ctx context.Context, f *Factory) error {
			return f.changeAccounts(ctx, []string{r.ref()}, do)
		}})
	}
	if !r.Active {
		add("use", "Make it the active one", change("accounts use", "making it the active one", useAccounts))
	}
	add("quota", "Check its quota", m.checkQuotas(r.Provider, r.ref()))
	if !r.Enabled || r.Status == manager.StatusAuthDisabled {
		add("enable", "Enable it", change("accounts enable", "enabling it", enableAccounts))
	}
	if r.Enabled {
		add("disable", "Disable it", change("accounts disable", "disabling it", disableAccounts))
	}
	add("login", "Log in again", m.loginPage("Log in again: "+r.name, loginOptions{Provider: r.Provider, Account: r.ref()}, 1))
	add("label", "Change its label", m.askLabel(r))
	add("reset", "Clear its limits and failures", m.do(menuAction{
		command: "accounts reset", doing: "clearing limits and failures", provider: r.Provider,
		run: func(ctx context.Context, f *Factory) error {
			return runAccountsReset(ctx, f, &accountsResetOptions{Accounts: []string{r.ref()}})
		},
	}))
	add("sync", "Write it into OpenCode's auth.json", m.syncRun(r.Provider, &syncAuthOptions{Account: r.ref()}))
	add("delete", "Delete it", m.deleteAccount(r))
	return items
}

func (m *menu) askLabel(r accountRow) tui.Step {
	return tui.Ask{Prompt: "label (- for none)", Text: r.Label, Then: func(text string) (tui.Step, error) {
		o := &accountsLabelOptions{Account: r.ref(), Label: strings.TrimSpace(text)}
		switch o.Label {
		case "":
			return nil, errors.New("give the label, or - to take it away")
		case "-":
			o.Label, o.Clear = "", true
		}
		if err := checkName("the label", o.Label); err != nil {
			return nil, err
		}
		done := "its label is " + shown(o.Label)
		if o.Clear {
			done = "it has no label any more"
		}
		return m.do(menuAction{
			command: "accounts label", doing: "labelling it", provider: r.Provider, done: done,
			run: func(ctx context.Context, f *Factory) error { return runAccountsLabel(ctx, f, o) },
		}), nil
	}}
}

func (m *menu) deleteAccount(r accountRow) tui.Step {
	question := []string{
		"Removes the account, and its tokens from every copy that kyoli keeps. The login",
		"itself is not ended at the provider.",
	}
	if len(r.ClaimedBy) > 0 {
		question = append(question, "In use by "+r.holders().Text+".")
	}
	return tui.Confirm("Delete "+shown(r.name)+" ("+r.Provider+")?", question, "No, keep it", "Yes, delete it", m.do(menuAction{
		command: "accounts rm", doing: "deleting it", done: "deleted " + shown(r.name), provider: r.Provider, leave: 1,
		run: func(ctx context.Context, f *Factory) error {
			return runAccountsRm(ctx, f, &accountsRmOptions{Accounts: []string{r.ref()}, Yes: true})
		},
	}))
}
