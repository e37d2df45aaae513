package cmd

import (
	"fmt"
	"time"

	"github.com/kyoli-gam/kyoli/internal/eventlog"
	"github.com/kyoli-gam/kyoli/internal/termtext"
	"github.com/kyoli-gam/kyoli/pkg/migrate"
)

// syncRow is `kyoli sync-auth --json`, and with --watch one line of it.
type syncRow struct {
	At       string `json:"at,omitempty"` // RFC 3339; only with --watch
	Provider string `json:"provider"`
	UUID     string `json:"uuid,omitempty"`
	Account  string `json:"account,omitempty"`
	Result   string `json:"result"`
	Path     string `json:"path,omitempty"`
	Entry    string `json:"entry,omitempty"`
	// Adopted is the uuid of the account that took over what OpenCode had
	// renewed.
	Adopted     string `json:"adopted,omitempty"`
	Refresh     bool   `json:"refresh,omitempty"` // --dry-run: the token would be renewed first
	Overwritten bool   `json:"overwritten,omitempty"`
	Diff        string `json:"diff,omitempty"`
	Error       string `json:"error,omitempty"`
}

// syncFailed is the result of a pass of --watch that failed.
const syncFailed = "failed"

// syncReport tells what sync-auth has done.
type syncReport struct {
	f        *Factory
	o        *syncAuthOptions
	provider string
	told     bool // a line of --watch has been written
}

func (r *syncReport) row(res *migrate.SyncResult) syncRow {
	row := syncRow{
		Provider: r.provider, Result: res.Result, Path: res.Path, Entry: res.Key,
		Refresh: res.Refresh, Overwritten: res.Overwritten, Diff: res.Diff,
	}
	if res.Account != nil {
		row.UUID, row.Account = res.Account.UUID, res.Account.Name()
	}
	if res.Adopted != nil {
		row.Adopted = res.Adopted.UUID
	}
	return row
}

// once prints the result of the one pass.
func (r *syncReport) once(res *migrate.SyncResult) error {
	r.say(res)
	row := r.row(res)
	if r.o.DryRun && !r.f.structured() {
		r.sayDryRun(row)
		_, err := fmt.Fprint(r.f.Out, cleanLines(row.Diff))
		return err
	}
	return r.f.Print(r.table(row), row)
}

// say tells what has happened beside the write.
func (r *syncReport) say(res *migrate.SyncResult) {
	would := ""
	if r.o.DryRun {
		would = "would have "
	}
	if res.Adopted != nil {
		r.f.Note("%sadopted the login of %s that OpenCode has renewed", would, res.Adopted.Name())
	}
	if res.Result == migrate.ResultWritten {
		r.f.LogAccount(eventlog.Synced, r.provider, res.Account, res.Path)
	}
	if res.Overwritten {
		r.f.Note("%soverwritten a login that was not one of kyoli's accounts", would)
	}
}

func (r *syncReport) sayDryRun(row syncRow) {
	switch {
	case row.Result == migrate.ResultUnchanged:
		r.f.Note("%s has account %s already; nothing would be written", row.Path, row.Account)
	case row.Refresh:
		r.f.Note("would renew the token of account %s and write it into %s", row.Account, row.Path)
	default:
		r.f.Note("would write account %s into %s", row.Account, row.Path)
	}
}

func (r *syncReport) table(row syncRow) *termtext.Table {
	style := termtext.Good
	if row.Result == syncFailed {
		style = termtext.Bad
	}
	table := &termtext.Table{Heads: []string{"provider", "account", "result", "file"}}
	table.Row(termtext.Text(row.Provider), termtext.Text(row.Account),
		termtext.Cell{Text: row.Result, Style: style}, termtext.Text(row.where()))
	return table
}

// where is the file, or what went wrong with it.
func (r syncRow) where() string {
	if r.Error != "" {
		return r.Error
	}
	return r.Path
}

// tell writes a line for one pass of --watch.
func (r *syncReport) tell(res *migrate.SyncResult, err error) {
	row := syncRow{Provider: r.provider, Result: syncFailed}
	if err != nil {
		row.Error = err.Error()
	} else {
		row = r.row(res)
		r.say(res)
	}
	now := r.f.now()
	row.At = now.UTC().Format(time.RFC3339)
	if perr := r.line(row, now); perr != nil {
		r.f.Note("warning: %v", perr)
	}
	if hint := hintOf(err); hint != "" {
		r.f.Note("hint: %s", hint)
	}
}

func (r *syncReport) line(row syncRow, now time.Time) error {
	if r.f.format() == formatJSON {
		return r.f.PrintJSONLine(row)
	}
	table := r.table(row)
	table.Heads = append([]string{"time"}, table.Heads...)
	table.Rows[0] = append([]termtext.Cell{{Text: now.Local().Format(time.TimeOnly), Full: row.At}}, table.Rows[0]...)
	if r.told {
		table.Heads = nil
	}
	r.told = true
	return r.f.Print(table, []syncRow{row})
}
