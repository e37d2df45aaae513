package cmd

import (
	"context"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/internal/env"
	"github.com/kyoli-gam/kyoli/internal/screen"
	"github.com/kyoli-gam/kyoli/internal/tui"
)

type menuOptions struct {
	Plain bool
}

func newMenuCmd(f *Factory, runF func(context.Context, *menuOptions) error) *cobra.Command {
	o := &menuOptions{}
	cmd := &cobra.Command{
		Use:   "menu",
		Short: "Manage the accounts by hand, with the arrow keys",
		Long: `Shows the accounts, and what can be done: add one, check quotas, enable, disable,
label or delete one, choose the strategy, arrange pools, and write OpenCode's
auth.json. "kyoli" alone on a terminal is the same.

  up, down     move           /        filter by what is typed then
  Enter        choose         Esc      go back; at the first page, end
  Ctrl-C       cancel what is being done; else end
  q            end            Ctrl-Z   stop, as every program

Each choice does what the command of that name does ("kyoli accounts disable").
What other processes change is shown at once. It needs a terminal; scripts use
the commands.

--plain, or a terminal that is dumb (TERM=dumb): numbered lists, answered by
line, for screen readers, too.`,
		Example: "  kyoli menu\n  kyoli menu --provider openai\n  kyoli menu --plain",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			if err := f.menuMissing(); err != nil {
				cmd.SetOut(f.Err)
				_ = cmd.Help()
				return err
			}
			return runMenu(cmd.Context(), f, o)
		},
	}
	cmd.Flags().BoolVar(&o.Plain, "plain", false, "numbered lists instead of a screen")
	return cmd
}

// menuMissing tells what the menu lacks, nil = nothing.
func (f *Factory) menuMissing() error {
	switch {
	case !f.inTTY() || !f.outTTY():
		return usageErrorf("kyoli accounts list", "the menu needs a terminal")
	case f.NoInput():
		return usageErrorf("kyoli accounts list", "the menu asks, which --no-input forbids")
	}
	return nil
}

// runRoot is kyoli without a command: the menu where there is a terminal, else the
// help.
func runRoot(cmd *cobra.Command, f *Factory) error {
	if f.menuMissing() != nil {
		return cmd.Help()
	}
	return runMenu(cmd.Context(), f, &menuOptions{})
}

func runMenu(ctx context.Context, f *Factory, o *menuOptions) error {
	if _, err := f.listed(); err != nil { // a wrong --provider or kyoli.yaml is told before the screen is taken
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	m := &menu{f: f}
	feed := &menuFeed{menu: m}
	defer feed.close()
	app := &tui.App{
		In: f.In, Out: f.Out, Environ: f.Env.Environ(),
		Start: m.start, Feed: feed, Host: menuHost{f}, Colour: f.Colour(),
	}
	if o.Plain || !f.canDraw() {
		app.Colour = false
		m.plain = true
		_, err := app.Plain(ctx, f.width())
		return err
	}
	quit, stop := screen.Quit()
	defer stop()
	var quitBy os.Signal
	over := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case quitBy = <-quit:
			cancel()
		case <-over:
		}
	})
	outcome, err := app.Run(ctx)
	close(over)
	watching.Wait()
	switch {
	case err != nil:
		return err
	case quitBy != nil:
		return exitWith(screen.QuitCode(quitBy))
	case outcome == tui.Interrupted:
		f.signalling().set(func(s *signalState) { s.ended = syscall.SIGINT })
		return exitWith(exitCancelled)
	}
	return nil
}

// canDraw tells whether the terminal is one to draw on.
func (f *Factory) canDraw() bool {
	_, in := f.In.(*os.File)
	_, out := f.Out.(*os.File)
	return in && out && f.Env.Get(env.Term) != "dumb"
}

// menuHost is the process, as the menu's screen knows it.
type menuHost struct{ f *Factory }

// Taken implements tui.Host.
func (h menuHost) Taken(leave func(), suspend func() (resume func())) {
	h.f.signalling().set(func(s *signalState) { s.restore, s.suspend = leave, suspend })
}

// Interruptible implements tui.Host. A second interrupt ends kyoli as ever.
func (h menuHost) Interruptible(cancel func()) (stop func()) {
	over := make(chan struct{})
	signals := h.f.signalling()
	signals.set(func(s *signalState) {
		s.interrupt = func() {
			signals.set(func(s *signalState) { s.interrupt = nil })
			cancel()
			go h.sayEnter(over)
		}
	})
	return sync.OnceFunc(func() {
		close(over)
		signals.set(func(s *signalState) { s.interrupt = nil })
	})
}

// sayEnter tells how to get on where something hidden is still being typed: the
// read ends with the line.
func (h menuHost) sayEnter(over <-chan struct{}) {
	select {
	case <-over:
		return
	case <-time.After(windDown):
	}
	hidden := false
	h.f.signalling().set(func(s *signalState) { hidden = s.restore != nil })
	if hidden {
		h.f.say("\npress Enter to go back")
	}
}

// Stop implements tui.Host.
func (h menuHost) Stop() { stopJob() }

// menu is what the pages are made of.
type menu struct {
	f     *Factory
	plain bool
	state menuState
}
