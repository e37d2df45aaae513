package cmd

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/kyoli-gam/kyoli/internal/env"
)

// Factory is what commands are made of: streams, environment, clock and, each
// made on first use, everything that opens files. Making one, and running
// `--help`, `version` or a completion, opens nothing. Nil functions stand for
// "not a terminal" and the real clock, so that tests fill in only what they need.
type Factory struct {
	In       io.Reader
	Out, Err io.Writer
	InTTY    func() bool
	OutTTY   func() bool
	ErrTTY   func() bool
	Width    func() int               // of the terminal in cells, 0 = unknown
	Terminal func() (terminal, error) // where questions are asked, see prompt.go
	Env      env.Env
	Version  string
	Now      func() time.Time

	// passphraseWork is what an export's passphrase costs to try, as a power of
	// two; 0 = as much as age thinks right. Tests have no time for that.
	passphraseWork int

	opts    globalOptions
	command string   // the command that runs, such as "accounts use"
	args    []string // the whole command line, nil = there is none: the menu chose
	events  eventLog
	signals signalState
	made    made
	said    sync.Mutex        // notes come from several goroutines
	outer   *Factory          // whose process and terminal this one is in, nil = its own
	status  func(text string) // is told what a statusLine shows, nil = stderr is
	// headless leaves the heads of tables out, for what is shown as one line.
	headless bool
}

func (f *Factory) inTTY() bool  { return f.InTTY != nil && f.InTTY() }
func (f *Factory) outTTY() bool { return f.OutTTY != nil && f.OutTTY() }
func (f *Factory) errTTY() bool { return f.ErrTTY != nil && f.ErrTTY() }

func (f *Factory) width() int {
	if f.Width == nil || !f.outTTY() {
		return 0
	}
	return f.Width()
}

func (f *Factory) now() time.Time {
	if f.Now == nil {
		return time.Now()
	}
	return f.Now()
}

// NoInput tells whether questions are forbidden.
func (f *Factory) NoInput() bool {
	return f.opts.NoInput || f.Env.Bool(env.NoInput)
}

// Note tells the user something on stderr, unless --quiet (or quiet_mode: true). The text is cleaned.
func (f *Factory) Note(format string, args ...any) {
	if !f.opts.Quiet && !f.made.quiet.Load() {
		f.say(fmt.Sprintf(format, args...))
	}
}

// noteWait tells a person at a terminal what is being waited for. A log has no
// use for it.
func (f *Factory) noteWait(format string, args ...any) {
	if f.errTTY() {
		f.Note(format, args...)
	}
}

// debugs tells whether [Factory.Debugf] tells anything.
func (f *Factory) debugs() bool { return f.opts.Debug || f.made.debug }

// Debugf tells on stderr what is done, under --debug (or debug: true). Secrets must not be among
// args; store.Secret redacts itself.
func (f *Factory) Debugf(format string, args ...any) {
	if f.debugs() {
		f.say("debug: " + fmt.Sprintf(format, args...))
	}
}

func (f *Factory) say(text string) {
	f.said.Lock()
	defer f.said.Unlock()
	fmt.Fprintln(f.Err, cleanLines(text))
}
