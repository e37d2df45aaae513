package cmd

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/kyoli-gam/kyoli/internal/filelock"
	"github.com/kyoli-gam/kyoli/internal/shellquote"
	"github.com/kyoli-gam/kyoli/pkg/manager/pools"
)

// checkLocks looks at the locks of everything that was found.
func (d *doctor) checkLocks(ctx context.Context) {
	var places []filelock.Place
	for _, p := range d.patients {
		if found, err := p.store.Locks(); err == nil {
			places = append(places, found...)
		}
		places = append(places, p.claims.Lock())
	}
	for _, file := range d.poolFiles() {
		if place, err := pools.Open(file, pools.Options{LockTimeout: d.f.opts.LockTimeout, Now: d.f.now}).Lock(); err == nil {
			places = append(places, place)
		}
	}
	for _, p := range places {
		if ctx.Err() != nil {
			return
		}
		if s, err := p.Inspect(); err == nil {
			d.checkLock(p, s)
		}
	}
}

func (d *doctor) checkLock(p filelock.Place, s filelock.State) {
	d.seen.own = append(d.seen.own, s.Flock, p.Path+".owner")
	if s.Held {
		d.found(held(s))
	}
	clearAway := func(ctx context.Context) (string, error) { return "taken away", p.Clear(ctx) }
	for _, dir := range s.Prepared {
		d.found(finding{
			ID: "lock-left", Severity: severityWarning, File: dir, Message: "was left by a kyoli that died while it took the lock",
			Why: "the next change clears it away", mend: clearAway,
		})
	}
	dir := s.Dir
	if dir == nil || dir.Own && s.Held {
		return
	}
	x := finding{File: dir.Path, Severity: severityNote, Fix: "ls -la " + shellquote.Word(dir.Path)}
	age := dir.Age.Round(time.Second)
	switch {
	case dir.Alien:
		x.ID, x.Severity, x.Message = "lock-alien", severityError, "is in the place of a lock, and is none that kyoli knows"
		x.Why, x.Fix = "every change waits for it, in vain", "mv "+shellquote.Word(dir.Path)+" "+shellquote.Word(dir.Path+".old")
	case dir.Left:
		x.ID, x.Severity, x.mend, x.Fix = "lock-left", severityWarning, clearAway, ""
		x.Message = fmt.Sprintf("is the lock of a program that is dead (last renewed %s ago)", age)
		x.Why = "the next change takes it away; the plugins wait for it"
	case dir.Stale:
		x.ID, x.Message = "lock-stale", fmt.Sprintf("is the lock of another program, last renewed %s ago", age)
		x.Why = "a change watches it for some seconds, and then takes it away"
	default:
		x.ID, x.Message = "plugin-lock", fmt.Sprintf("is held by another program (renewed %s ago), most likely an OpenCode with the plugin", age)
		x.Why = "changes wait for it"
	}
	d.found(x)
}

// held says who has a lock, as far as the system tells.
func held(s filelock.State) finding {
	x := finding{
		ID: "lock-held", Severity: severityNote, File: s.Path, Message: "is locked by another kyoli process",
		Why: "changes wait for it", Fix: "lsof " + shellquote.Word(s.Flock),
	}
	if runtime.GOOS == "windows" {
		x.Fix = "tasklist /FI " + `"IMAGENAME eq kyoli.exe"`
	}
	if len(s.PIDs) == 0 {
		x.Message += " (the system does not say which)"
		return x
	}
	pids := strings.Trim(strings.Join(strings.Fields(fmt.Sprint(s.PIDs)), ","), "[]")
	x.Message, x.Fix = "is locked by process "+pids, "ps -fp "+pids
	return x
}

// poolFiles are the files of pools that there may be: the working directory's, and the one beside the accounts.
func (d *doctor) poolFiles() []string {
	files := []string{pools.Locate(d.dir, "")}
	if work, err := filepath.Abs("."); err == nil {
		if here := pools.Locate(d.dir, work); here != files[0] {
			files = append(files, here)
		}
	}
	return files
}
