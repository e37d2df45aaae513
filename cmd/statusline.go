package cmd

import (
	"fmt"

	"github.com/kyoli-gam/kyoli/internal/env"
	"github.com/kyoli-gam/kyoli/internal/termtext"
)

// statusLine is one line on stderr that says what is waited for, and goes when
// the wait is over. Where stderr is no terminal, or nothing is to be said, there
// is none.
type statusLine struct {
	f     *Factory
	shown string
	plain bool // the terminal cannot take a line back
}

func (f *Factory) statusLine() *statusLine {
	return &statusLine{f: f, plain: f.Env.Get(env.Term) == "dumb"}
}

func (l *statusLine) show(text string) {
	text = termtext.Clean(text)
	if l.f.opts.Quiet || l.f.made.quiet.Load() || !l.f.errTTY() || text == l.shown {
		return
	}
	l.shown = text
	if l.f.status != nil {
		l.f.status(text)
		return
	}
	if l.plain {
		fmt.Fprintln(l.f.Err, text)
		return
	}
	fmt.Fprintf(l.f.Err, "\r\x1b[K%s", text)
}

func (l *statusLine) clear() {
	if l.shown != "" && !l.plain && l.f.status == nil {
		fmt.Fprint(l.f.Err, "\r\x1b[K")
	}
	l.shown = ""
}

// queued says how long the queue is in front of us.
func (l *statusLine) queued(ahead int) {
	switch ahead {
	case 0:
		l.show("waiting for an account that others hold")
	default:
		l.show(fmt.Sprintf("waiting for an account that others hold, %d before us", ahead))
	}
}
