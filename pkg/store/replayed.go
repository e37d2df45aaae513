package store

import (
	"errors"
	"io/fs"
	"os"
	"time"
)

// journalState is what one look at the journal's directory shows.
type journalState struct {
	missing bool
	changed time.Time // when an entry last came, went or was renamed
	settled bool      // that is so long ago that the next change will show
}

// clockTick is longer than what a file system's clock may stand still for.
const clockTick = time.Second

func (j journal) look() journalState {
	info, err := os.Stat(j.dir)
	if err != nil {
		return journalState{missing: errors.Is(err, fs.ErrNotExist)}
	}
	return journalState{changed: info.ModTime(), settled: time.Since(info.ModTime()) > clockTick}
}

// lastReplay is what there was when there was nothing to be replayed.
type lastReplay struct {
	changed time.Time
	doc     *document
	at      time.Time
}

// replayed says whether neither the journal nor the accounts have changed since there was nothing to be replayed, so
// that a program that reads the accounts again and again need not look at each entry's name.
func (f *File) replayed(s journalState, d *document) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	last := f.nothing
	return d == last.doc && s.changed.Equal(last.changed) && f.o.Now().Sub(last.at).Abs() < time.Hour
}

func (f *File) setReplayed(s journalState, d *document) {
	if !s.settled {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.nothing = lastReplay{changed: s.changed, doc: d, at: f.o.Now()}
}
