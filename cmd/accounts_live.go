package cmd

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/kyoli-gam/kyoli/internal/screen"
	"github.com/kyoli-gam/kyoli/internal/termtext"
)

// live fills the terminal with the list until it is interrupted.
func (w *accountsWatch) live(ctx context.Context, out *os.File, rows []accountRow, changed <-chan struct{}) error {
	in, ok := w.f.In.(*os.File)
	if !ok {
		in = out
	}
	s, err := screen.Open(in, out)
	if err != nil {
		s.Leave()
		return fmt.Errorf("the terminal cannot be taken over: %w", err)
	}
	notes := &noteSink{}
	stderr := w.f.Err
	w.f.Err = notes // it is the same terminal; they are shown below the list
	defer func() {
		w.f.Err = stderr
		_, _ = stderr.Write(notes.all.Bytes())
	}()
	return w.f.onScreen(s, func() error {
		resized, stop := screen.Resized()
		defer stop()
		quit, stopQuit := screen.Quit()
		defer stopQuit()
		v := &liveView{accountsWatch: w, screen: s, notes: notes, shown: rows, changed: changed, resized: resized, quit: quit}
		return v.run(ctx)
	})
}

// liveView is the list on a screen.
type liveView struct {
	*accountsWatch
	screen  *screen.Screen
	notes   *noteSink
	shown   []accountRow
	failed  string // why it could not be read again, "" = it could
	changed <-chan struct{}
	resized <-chan os.Signal
	quit    <-chan os.Signal
}

// run draws the list until ctx ends, which is no error, or somebody ends it.
func (v *liveView) run(ctx context.Context) error {
	for {
		if err := v.draw(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case sig := <-v.quit:
			return exitWith(screen.QuitCode(sig))
		case key := <-v.screen.Keys():
			if key == 'q' || key == 'Q' {
				return nil
			}
		case <-v.resized:
		case <-time.After(untilNext(v.f.now(), watchTick)):
			v.look(ctx, false)
		case <-v.changed:
			v.look(ctx, true)
			_, _ = await(ctx, nil, time.After(watchRest))
		}
	}
}

// look brings up to date what is shown. What cannot be read now is shown as it was.
func (v *liveView) look(ctx context.Context, changed bool) {
	rows, err := v.rows(ctx, changed)
	if ctx.Err() != nil {
		return
	}
	if v.failed = errorText(err); err == nil {
		v.shown = rows
	}
}

func (v *liveView) draw() error {
	frame := &accountsFrame{f: v.f, rows: v.shown, now: v.f.now(), below: v.failed}
	if frame.below == "" {
		frame.below = v.notes.last()
	}
	frame.width, frame.height = v.screen.Size()
	lines, err := frame.lines()
	if err != nil {
		return err
	}
	return v.screen.Draw(lines)
}

// untilNext is the time to the next full step of the clock, so that all that
// counts down moves at once.
func untilNext(now time.Time, step time.Duration) time.Duration {
	return now.Truncate(step).Add(step).Sub(now)
}

// noteSink keeps what is said while the terminal is taken.
type noteSink struct{ all bytes.Buffer }

const maxNotes = 16 << 10

// Write implements io.Writer.
func (n *noteSink) Write(p []byte) (int, error) {
	if n.all.Len() < maxNotes {
		n.all.Write(p)
	}
	return len(p), nil
}

// last is the last line.
func (n *noteSink) last() string {
	text := strings.TrimRight(n.all.String(), "\n")
	return text[strings.LastIndexByte(text, '\n')+1:]
}

// accountsFrame is one picture of the list.
type accountsFrame struct {
	f             *Factory
	rows          []accountRow
	now           time.Time
	below         string // what else is to be said
	width, height int    // 0 = unknown
}

const (
	defaultWidth  = 80
	defaultHeight = 24
	aroundList    = 5 // lines that are not of the list: title, head, and those between
)

func (fr *accountsFrame) lines() ([]string, error) {
	if fr.width <= 0 {
		fr.width = defaultWidth
	}
	if fr.height <= 0 {
		fr.height = defaultHeight
	}
	lines := []string{fr.paint(fr.title(), termtext.Faint), ""}
	said := strings.Split(fr.below, "\n")
	room := max(fr.height-aroundList-len(said), 1)
	shown := fr.rows[:min(room, len(fr.rows))]
	var list bytes.Buffer
	if err := liveTable(shown, fr.now, fr.width).Write(&list, fr.width, fr.f.Colour()); err != nil {
		return nil, err
	}
	if len(fr.rows) == 0 {
		list.WriteString("there are no accounts yet\n")
	}
	lines = append(lines, strings.Split(strings.TrimSuffix(list.String(), "\n"), "\n")...)
	if more := len(fr.rows) - len(shown); more > 0 {
		lines = append(lines, fr.paint(fmt.Sprintf("… and %d more", more), termtext.Faint))
	}
	if fr.below != "" {
		lines = append(lines, "")
		for _, line := range said {
			lines = append(lines, fr.paint(line, termtext.Warn))
		}
	}
	return lines[:min(len(lines), fr.height)], nil
}

// paint is one line of text, cut and coloured.
func (fr *accountsFrame) paint(text string, style termtext.Style) string {
	text = termtext.Cut(termtext.Clean(text), fr.width)
	if !fr.f.Colour() {
		return text
	}
	return termtext.Paint(text, style)
}

func (fr *accountsFrame) title() string {
	usable := 0
	for i := range fr.rows {
		if fr.rows[i].Usable {
			usable++
		}
	}
	return fmt.Sprintf("%s  %d of %d accounts usable  q ends", fr.now.Local().Format(time.TimeOnly), usable, len(fr.rows))
}
