package eventlog

import (
	"context"
	"slices"
	"time"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
	"github.com/kyoli-gam/kyoli/internal/filewatch"
)

// lookAgain is how often a followed log is looked at without being told of a change.
const lookAgain = 2 * time.Second

// Follow reads what there is and goes on with what is appended, through rotations, until ctx ends,
// which is no error. caughtUp is called each time that everything there is has been read.
func (r *Reader) Follow(ctx context.Context, caughtUp func()) error {
	watching, cancel := context.WithCancel(ctx)
	defer cancel()
	path, err := atomicfile.Resolve(r.path)
	if err != nil {
		return err
	}
	changed := filewatch.Follow(watching, path)
	t := &tail{r: r}
	defer func() { closeAll(t.files) }()
	for {
		if err := t.goOn(); err != nil {
			return err
		}
		caughtUp()
		wait := time.NewTimer(lookAgain)
		select {
		case <-ctx.Done():
			wait.Stop()
			return nil
		case <-changed:
		case <-wait.C:
		}
		wait.Stop()
	}
}

// tail is what is being followed: the log, and before it the one before. A process that opened that
// one before its rotation may append to it after. They stay open as long as they have a name, by
// which they are known again.
type tail struct {
	r     *Reader
	files []*lines
}

// goOn reads what has come since the last time, the oldest file first. Files that are new are opened
// before any is read, so that the order is kept: the log after a rotation and, where there were two
// since the last time, the one between. For the same reason it is settled before how far each is
// read, the newest first: who has written into the old one after its end was met, and then into the
// new one, would else be read the other way round.
func (t *tail) goOn() error {
	named, err := t.r.openBoth()
	if err != nil {
		return err
	}
	for _, l := range named {
		if find(t.files, l) == nil {
			t.files = append(t.files, l)
		}
	}
	defer closeAll(slices.DeleteFunc(slices.Clone(named), func(l *lines) bool { return slices.Contains(t.files, l) }))
	ends := make([]int64, len(t.files))
	for i := len(ends) - 1; i >= 0; i-- {
		if ends[i], err = t.files[i].size(); err != nil {
			return err
		}
	}
	var rest []*lines
	for i, l := range t.files {
		if err := l.readTo(ends[i], t.r.line); err != nil {
			return err
		}
		if find(named, l) != nil {
			rest = append(rest, l)
			continue
		}
		if err := l.flush(t.r.line); err != nil {
			return err
		}
		l.close()
	}
	t.files = rest
	return nil
}

// find returns the file among files that l is too.
func find(files []*lines, l *lines) *lines {
	for _, known := range files {
		if known.same(l) {
			return known
		}
	}
	return nil
}
