package cmd

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/kyoli-gam/kyoli/internal/termtext"
	"github.com/kyoli-gam/kyoli/internal/tui"
)

// inside is a factory for one command that runs inside f's: on the same process,
// with settings of its own that are read anew, and that asks nothing. What it
// writes goes to out, nil = nowhere; tell, which may be nil, is told what it says.
func (f *Factory) inside(command string, out *menuOutput, tell func(string)) *Factory {
	if out == nil {
		out = &menuOutput{}
	}
	in := &Factory{
		In: strings.NewReader(""), Out: &out.data, Err: out,
		OutTTY: func() bool { return true }, ErrTTY: func() bool { return true },
		Width: f.menuWidth, Env: f.Env, Version: f.Version, Now: f.Now,
		opts: f.opts, command: command, outer: f,
		status: func(text string) {
			if tell != nil {
				tell(text)
			}
		},
	}
	in.opts.NoInput = true
	in.opts.JSON, in.opts.Format = false, formatTable
	out.tell = in.status
	return in
}

// outside is inside for a command that needs the terminal for itself. What it says
// is kept as well.
func (f *Factory) outside(command string, out *menuOutput) *Factory {
	in := f.inside(command, out, nil)
	in.In, in.InTTY, in.Terminal = f.In, f.InTTY, f.Terminal
	in.opts.NoInput, in.status = false, nil
	out.also = f.Err
	return in
}

// menuWidth is the room for a table on a page.
func (f *Factory) menuWidth() int {
	const mark = 2
	if f.Width == nil {
		return defaultWidth - mark
	}
	if width := f.Width(); width > mark {
		return width - mark
	}
	return defaultWidth - mark
}

// menuOutput is what a command has written.
type menuOutput struct {
	data bytes.Buffer // stdout
	tell func(string) // is told each line of stderr
	also interface{ Write([]byte) (int, error) }

	mu    sync.Mutex
	notes strings.Builder // stderr
}

// Write implements io.Writer, for stderr.
func (o *menuOutput) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.notes.Len() < maxNotes {
		o.notes.Write(p)
	}
	if text := strings.TrimRight(string(p), "\n"); o.tell != nil && text != "" {
		o.tell(text)
	}
	if o.also != nil {
		return o.also.Write(p)
	}
	return len(p), nil
}

// said are the lines of stderr.
func (o *menuOutput) said() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return linesOf(o.notes.String())
}

// linesOf are the lines of text, without colours and the spaces at their ends.
func linesOf(text string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		line = line[strings.LastIndexByte(line, '\r')+1:] // a line that was written again and again
		if line = strings.TrimRight(termtext.Clean(line), " "); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// menuAction is a command that a choice runs.
type menuAction struct {
	command  string // such as "accounts enable"
	doing    string // said meanwhile
	provider string // whose accounts are meant, "" = those of all that the menu shows
	done     string // said where it went well instead of what it prints
	title    string // where not empty, what it prints is a page of this title
	leave    int    // pages that are left where it goes well
	outside  bool   // it needs the terminal
	then     tui.Step
	run      func(context.Context, *Factory) error
}

// do runs a command.
func (m *menu) do(a menuAction) tui.Run {
	return tui.Run{Doing: a.doing, Leave: a.leave, Outside: a.outside, Do: func(ctx context.Context, tell func(string)) tui.Result {
		out := &menuOutput{}
		var f *Factory
		if a.outside {
			f = m.f.outside(a.command, out)
		} else {
			f = m.f.inside(a.command, out, tell)
		}
		f.headless = a.title == ""
		if a.provider != "" {
			f.opts.Provider = a.provider
		}
		err := a.run(ctx, f)
		return a.result(out, err)
	}}
}

// result is what there is to say of a command, in the words that the command line
// would have for it.
func (a menuAction) result(out *menuOutput, err error) tui.Result {
	r := tui.Result{Lines: append(linesOf(out.data.String()), out.said()...), Title: a.title, Then: a.then}
	if a.outside { // the terminal has shown it; how it ended is what matters now
		r.Lines = r.Lines[max(0, len(r.Lines)-1):]
		if err != nil {
			r.Lines = nil
		}
	}
	if err == nil {
		if a.done != "" {
			r.Lines = append([]string{a.done}, out.said()...)
		}
		return r
	}
	r.Failed = true
	var own *cmdError
	if errors.As(err, &own) && own.silent {
		return r
	}
	if out.data.Len() == 0 {
		r.Title = ""
	}
	if errors.Is(err, context.Canceled) {
		return r
	}
	r.Lines = append(r.Lines, linesOf(err.Error())...)
	if hint := hintOf(err); hint != "" {
		r.Lines = append(r.Lines, linesOf("hint: "+hint)...)
	}
	return r
}
