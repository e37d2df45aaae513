package cmd

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
	"github.com/kyoli-gam/kyoli/internal/env"
	"github.com/kyoli-gam/kyoli/internal/filewatch"
	"github.com/kyoli-gam/kyoli/pkg/manager"
)

const (
	// watchTick is how often a watched list is looked at without a change of its
	// files: processes end, and limits do.
	watchTick = time.Second
	// watchRest is the shortest time between two looks.
	watchRest = 100 * time.Millisecond
)

// accountsWatch is a list of accounts that goes on.
type accountsWatch struct {
	f     *Factory
	pools []*watchedPool
}

// watchedPool is one provider's accounts as they were last read.
type watchedPool struct {
	id    string
	m     *manager.Manager
	last  *manager.Snapshot
	stale bool // the files have changed since
}

func runAccountsWatch(ctx context.Context, f *Factory) error {
	w := &accountsWatch{f: f}
	paths, err := w.open(ctx)
	if err != nil {
		return err
	}
	watching, cancel := context.WithCancel(ctx)
	defer cancel()
	changed := filewatch.Follow(watching, paths...)
	rows, err := w.rows(ctx, true)
	if err != nil {
		return err
	}
	if out, ok := f.Out.(*os.File); ok && f.format() == formatTable && f.outTTY() && f.Env.Get(env.Term) != "dumb" {
		return w.live(ctx, out, rows, changed)
	}
	return w.plain(ctx, rows, changed)
}

// open finds the providers, and the files in which something can change.
func (w *accountsWatch) open(ctx context.Context) (paths []string, err error) {
	ids, err := w.f.listed()
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		m, err := w.f.Manager(ctx, id)
		if err != nil {
			return nil, err
		}
		holders, err := w.f.Claims(id)
		if err != nil {
			return nil, err
		}
		w.pools = append(w.pools, &watchedPool{id: id, m: m})
		paths = append(paths, m.Store().Path(), holders.Path(), holders.PluginPath())
		if target, err := atomicfile.Resolve(m.Store().Path()); err == nil && target != m.Store().Path() {
			paths = append(paths, target)
		}
	}
	return paths, nil
}

// rows are the accounts now, read again where the files have changed.
func (w *accountsWatch) rows(ctx context.Context, changed bool) ([]accountRow, error) {
	rows := []accountRow{}
	for _, p := range w.pools {
		p.stale = p.stale || changed
	}
	for _, p := range w.pools {
		s, err := p.look(ctx)
		if err != nil {
			return nil, err
		}
		for _, a := range s.Accounts.List {
			rows = append(rows, w.f.accountRow(p.id, s, a))
		}
	}
	return rows, nil
}

func (p *watchedPool) look(ctx context.Context) (s *manager.Snapshot, err error) {
	if p.stale || p.last == nil {
		s, err = p.m.Snapshot(ctx)
	} else {
		s, err = p.m.Later(ctx, p.last)
	}
	if err == nil {
		p.last, p.stale = s, false
	}
	return s, err
}

// plain writes the list, and again whenever it has changed.
func (w *accountsWatch) plain(ctx context.Context, rows []accountRow, changed <-chan struct{}) error {
	last, failed := "", ""
	tick := time.NewTicker(watchTick)
	defer tick.Stop()
	for {
		now, err := content(rows)
		if err != nil {
			return err
		}
		if now != last {
			if err := w.print(rows, last == ""); err != nil {
				return err
			}
			last = now
		}
		reload, ok := await(ctx, changed, tick.C)
		if !ok {
			return nil
		}
		some, err := w.rows(ctx, reload)
		if ctx.Err() != nil {
			return nil
		}
		if text := errorText(err); text != failed {
			if failed = text; text != "" {
				w.f.Note("%s", text)
			}
		}
		if err == nil {
			rows = some
		}
		if reload {
			_, _ = await(ctx, nil, time.After(watchRest))
		}
	}
}

// content is what must change for the list to be written again: all that is in
// it but the time.
func content(rows []accountRow) (string, error) {
	var b strings.Builder
	for i := range rows {
		for _, cell := range accountCells(&rows[i]) {
			if cell.Full == "" { // else the text counts down
				cell.Full = cell.Text
			}
			b.WriteString(cell.Full + "\t")
		}
	}
	all, err := marshal(rows, "")
	return b.String() + string(all), err
}

// print writes one list.
func (w *accountsWatch) print(rows []accountRow, first bool) error {
	switch format := w.f.format(); {
	case format == formatJSON:
		return w.f.PrintJSONLine(rows)
	case first:
	case format == formatYAML:
		if _, err := fmt.Fprintln(w.f.Out, "---"); err != nil {
			return err
		}
	default:
		if _, err := fmt.Fprintln(w.f.Out); err != nil {
			return err
		}
	}
	return w.f.Print(w.f.accountTable(rows), rows)
}

// await waits for a change or for the time; false when ctx has ended.
func await(ctx context.Context, changed <-chan struct{}, tick <-chan time.Time) (reload, ok bool) {
	select {
	case <-ctx.Done():
		return false, false
	case <-tick:
		return false, true
	case <-changed:
		return true, true
	}
}

// errorText is what a watch says of an error that may pass, "" for none.
func errorText(err error) string {
	if err == nil {
		return ""
	}
	text := "warning: " + err.Error()
	if hint := hintOf(err); hint != "" {
		text += "\nhint: " + hint
	}
	return text
}
