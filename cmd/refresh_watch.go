package cmd

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/kyoli-gam/kyoli/internal/termtext"
	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// The shortest --interval and --buffer, which are those of the settings.
const (
	minInterval = 30 * time.Second
	minBuffer   = time.Minute
)

// validate checks what pflag cannot.
func (o *refreshOptions) validate() error {
	switch {
	case o.All && len(o.Accounts) > 0:
		return flagErrorf("--all and the name of an account contradict each other")
	case o.Watch && (o.All || o.Force):
		return flagErrorf("--watch renews what is about to expire; --all and --force do not go with it")
	case !o.Watch && (o.Interval != 0 || o.Buffer != 0):
		return flagErrorf("--interval and --buffer are for --watch")
	case o.Interval != 0 && o.Interval < minInterval:
		return flagErrorf("--interval %s: must be at least %s", o.Interval, minInterval)
	case o.Buffer != 0 && o.Buffer < minBuffer:
		return flagErrorf("--buffer %s: must be at least %s", o.Buffer, minBuffer)
	}
	return nil
}

// watchRefresh renews tokens ahead of time until ctx ends. A refresh that has
// been sent by then is seen through to the disk.
func watchRefresh(ctx context.Context, f *Factory, o *refreshOptions) error {
	ids, owners, err := f.watched(ctx, o.Accounts)
	if err != nil {
		return err
	}
	f.EndOrderly()
	w := &refreshWatch{f: f}
	var all sync.WaitGroup
	for _, id := range ids {
		m, err := f.Manager(ctx, id)
		if err != nil {
			return err
		}
		all.Go(func() {
			m.Proactive(ctx, manager.ProactiveOptions{
				Interval: o.Interval, Buffer: o.Buffer, Owners: owners[id],
				OnOutcome: func(out manager.Outcome) { w.tell(id, m, out) },
				OnError:   func(err error) { f.Note("warning: %s: %v", id, err) },
			})
		})
	}
	f.noteWait("renewing tokens ahead of their end; Ctrl-C ends it")
	all.Wait()
	return w.err
}

// watched are the providers to look after, and of each the credential owners of
// the accounts named; nil = all, also those that are added later.
func (f *Factory) watched(ctx context.Context, names []string) (ids []string, owners map[string][]string, err error) {
	owners = map[string][]string{}
	if len(names) == 0 {
		ids, err = f.listed()
		return ids, owners, err
	}
	found, err := f.locate(ctx, names...)
	if err != nil {
		return nil, nil, err
	}
	for _, l := range found {
		if !slices.Contains(ids, l.provider) {
			ids = append(ids, l.provider)
		}
		owners[l.provider] = append(owners[l.provider], l.account.OwnerID())
	}
	return ids, owners, nil
}

// refreshWatch writes a line for each token that was renewed, or could not be.
type refreshWatch struct {
	f   *Factory
	mu  sync.Mutex
	err error // of writing
}

// watchRow is a line of `kyoli refresh --watch --json`.
type watchRow struct {
	At string `json:"at"` // RFC 3339
	refreshRow
}

func (w *refreshWatch) tell(id string, m *manager.Manager, o manager.Outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	row := watchRow{w.f.now().UTC().Format(time.RFC3339), refreshRow{Provider: id, UUID: o.UUID, Account: w.name(m, o), Result: string(o.Result)}}
	told := termtext.Cell{}
	if o.Err != nil {
		row.Error = o.Err.Error()
		told.Text = row.Error
	} else {
		row.UUID = o.Account.UUID
		row.Expires = o.Account.ExpiresAt.Time().UTC().Format(time.RFC3339)
		told = termtext.Cell{Text: "expires " + termtext.In(o.Account.ExpiresAt.Time().Sub(w.f.now())), Full: row.Expires}
	}
	var err error
	if w.f.format() == formatJSON {
		err = w.f.PrintJSONLine(row)
	} else {
		table := &termtext.Table{}
		table.Row(termtext.Text(row.At), termtext.Text(row.Account), termtext.Text(row.Result), told)
		err = w.f.Print(table, []watchRow{row})
	}
	if w.err == nil {
		w.err = err
	}
}

// name is what the account is called.
func (w *refreshWatch) name(m *manager.Manager, o manager.Outcome) string {
	if o.Account != nil {
		return o.Account.Name()
	}
	accounts, err := m.Store().Peek(context.Background())
	if err == nil {
		if a := nowCalled(accounts, o.UUID); a != nil {
			return a.Name()
		}
	}
	return (&store.Account{UUID: o.UUID}).Name()
}
