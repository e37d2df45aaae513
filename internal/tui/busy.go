package tui

import (
	"context"
	"errors"
	"io"

	tea "charm.land/bubbletea/v2"
)

// busy is work that is being done.
type busy struct {
	Run
	told      string // what it has told last
	cancel    context.CancelFunc
	cancelled bool
	ended     chan struct{}
}

type (
	toldMsg struct {
		of   *busy
		text string
	}
	doneMsg struct {
		of     *busy
		result Result
		apply  func()
		err    error // the terminal could not be given back, or taken again
	}
)

func (b *busy) interrupt() {
	b.cancelled = true
	b.cancel()
}

// start begins what a Run is for.
func (m *model) start(run Run) tea.Cmd {
	ctx, cancel := context.WithCancel(m.ctx)
	b := &busy{Run: run, cancel: cancel, ended: make(chan struct{})}
	m.busy = b
	if run.Outside {
		o := &outside{m: m, busy: b, ctx: ctx}
		return tea.Exec(o, func(err error) tea.Msg {
			o.msg.err = err
			return o.msg
		})
	}
	return guarded(func() tea.Msg {
		defer close(b.ended)
		return m.work(ctx, b)
	})
}

// work does the work, and has what it changed read.
func (m *model) work(ctx context.Context, b *busy) doneMsg {
	defer b.cancel()
	result := b.Do(ctx, func(text string) { m.send(toldMsg{b, text}) })
	return doneMsg{of: b, result: result, apply: m.read(true)}
}

// outside does the work on a terminal that was given back (tea.ExecCommand).
type outside struct {
	m    *model
	busy *busy
	ctx  context.Context
	msg  doneMsg
}

// Run implements tea.ExecCommand. What the work tells is told by itself.
func (o *outside) Run() error {
	defer close(o.busy.ended)
	host := o.m.app.Host
	host.Taken(nil, nil)
	defer o.m.taken()
	stop := host.Interruptible(o.busy.interrupt)
	defer stop()
	o.msg.of = o.busy
	result := o.busy.Do(o.ctx, func(string) {})
	stop()
	o.busy.cancel()
	o.msg.result, o.msg.apply = result, o.m.read(true)
	return nil
}

// SetStdin implements tea.ExecCommand.
func (o *outside) SetStdin(io.Reader) {}

// SetStdout implements tea.ExecCommand.
func (o *outside) SetStdout(io.Writer) {}

// SetStderr implements tea.ExecCommand.
func (o *outside) SetStderr(io.Writer) {}

// taken tells the host that the screen is taken.
func (m *model) taken() { m.app.Host.Taken(m.giveBack, m.suspend) }

// done takes over what became of the work.
func (m *model) done(msg doneMsg) tea.Cmd {
	if m.busy != msg.of {
		return nil
	}
	b, result := m.busy, msg.result
	m.busy = nil
	if msg.err != nil && !errors.Is(msg.err, context.Canceled) {
		result = Result{Lines: []string{msg.err.Error()}, Failed: true}
	}
	failed := result.Failed || b.cancelled
	if !failed {
		m.views = m.views[:max(len(m.views)-b.Leave, 1)]
	}
	m.apply(msg.apply)
	lines := result.Lines
	if b.cancelled && result.Failed {
		lines = append(lines, "cancelled")
	}
	if result.Title != "" && len(lines) > 0 {
		m.open(Open{Page: func() Page { return textPage(result.Title, lines, m.width-len(otherMark)) }})
	} else if len(lines) > 0 || len(m.said) == 0 {
		m.say(result.Failed, lines...)
	}
	var cmd tea.Cmd
	if !failed {
		cmd = m.step(result.Then)
	}
	if b.Outside {
		return tea.Batch(tea.ClearScreen, cmd)
	}
	return cmd
}

// textPage is text to be read; what is too long for a line is broken.
func textPage(title string, text []string, width int) Page {
	var lines []string
	for _, line := range text {
		lines = append(lines, wrap(line, width)...)
	}
	return Page{Title: title, Sections: []Section{{Items: Lines(lines)}}}
}
