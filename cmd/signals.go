package cmd

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/kyoli-gam/kyoli/internal/filelock"
	"github.com/kyoli-gam/kyoli/internal/screen"
)

// windDown is how long a command has to end by itself after a signal.
const windDown = 500 * time.Millisecond

// signalState is what kyoli knows of signals. exec takes them over.
type signalState struct {
	mu      sync.Mutex
	caught  sync.WaitGroup // is over once signals are caught
	taken   bool
	orderly bool           // the command ends by itself, however long that takes
	ended   syscall.Signal // the signal that ended kyoli, 0 = none
	restore func()         // puts the terminal in order, nil = it is
	// interrupt is called by an INT instead of ending kyoli, nil = it ends kyoli.
	interrupt func()
	// suspend gives the terminal back until resume is called, for the time that
	// kyoli is stopped; nil = the terminal is as everybody has it.
	suspend func() (resume func())
}

// signalError is the cause of a context that a signal cancelled.
type signalError struct{ sig syscall.Signal }

func (e *signalError) Error() string { return fmt.Sprintf("stopped by signal: %s", e.sig) }

// TakeSignals leaves INT, TERM, HUP, TSTP and the like to the caller from now on:
// kyoli itself does not act on them. The function returned gives them back.
func (f *Factory) TakeSignals() (giveBack func()) {
	f.signalling().set(func(s *signalState) { s.taken = true })
	return func() { f.signalling().set(func(s *signalState) { s.taken = false }) }
}

// EndOrderly says that the command sees through what it has begun once its
// context ends, and tells it; only a second signal ends it from outside.
func (f *Factory) EndOrderly() {
	f.signalling().set(func(s *signalState) { s.orderly = true })
}

// endOrderly is EndOrderly until the function returned is called.
func (f *Factory) endOrderly() (over func()) {
	f.EndOrderly()
	return func() { f.signalling().set(func(s *signalState) { s.orderly = false }) }
}

// whileHidden runs fn, in which the terminal hides what is typed: it shows it
// again should a signal end kyoli in between, and for as long as one stops it.
func (f *Factory) whileHidden(tty terminal, fn func()) {
	show := tty.Restore()
	suspend := func() func() {
		hide := tty.Restore()
		show()
		return hide
	}
	f.signalling().set(func(s *signalState) { s.restore, s.suspend = show, suspend })
	defer f.signalling().set(func(s *signalState) { s.restore, s.suspend = nil, nil })
	fn()
}

// onScreen runs fn with a screen that was taken over: it is given back should a
// signal end kyoli, and for as long as one stops it.
func (f *Factory) onScreen(s *screen.Screen, fn func() error) error {
	f.signalling().set(func(st *signalState) { st.restore, st.suspend = s.Leave, s.Suspend })
	defer f.signalling().set(func(st *signalState) { st.restore, st.suspend = nil, nil })
	defer s.Leave()
	return fn()
}

// signalling is what the process knows of signals, which factories made by inside
// share with the one that they are in.
func (f *Factory) signalling() *signalState {
	if f.outer != nil {
		return f.outer.signalling()
	}
	return &f.signals
}

func (s *signalState) set(change func(*signalState)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

// watchSignals makes a context that the first signal cancels. A command that has
// not ended soon after (it waits for a lock, or for an answer on the terminal)
// is ended from outside as soon as no lock is held, so that no rotated token and
// no half-made change is lost. end returns kyoli's exit code: after a signal
// the process dies of that very signal, so that a shell's loop ends too.
func (f *Factory) watchSignals(parent context.Context) (ctx context.Context, end func(code int) int) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 8)
	// The runtime hands each from thread to thread; there is something else to do meanwhile.
	f.signals.caught.Go(func() {
		for _, sig := range watchedSignals {
			if !signal.Ignored(sig) { // nohup
				signal.Notify(signals, sig)
			}
		}
	})
	over := make(chan struct{})
	go func() {
		for {
			select {
			case sig := <-signals:
				f.onSignal(sig.(syscall.Signal), cancel)
			case <-over:
				return
			}
		}
	}()
	return ctx, func(code int) int {
		f.signals.caught.Wait()
		signal.Stop(signals)
		close(over)
		cancel(nil)
		f.signals.mu.Lock()
		sig := f.signals.ended
		f.signals.mu.Unlock()
		if sig == 0 {
			return code
		}
		raise(sig)
		return 128 + int(sig)
	}
}

func (f *Factory) onSignal(sig syscall.Signal, cancel context.CancelCauseFunc) {
	f.signals.mu.Lock()
	taken, first, orderly := f.signals.taken, f.signals.ended == 0, f.signals.orderly
	ends, suspend := sig != stopSignal, f.signals.suspend
	interrupt := f.signals.interrupt
	if sig != syscall.SIGINT || !first {
		interrupt = nil
	}
	if ends && !taken && interrupt == nil {
		f.signals.ended = sig
	}
	f.signals.mu.Unlock()
	switch {
	case taken:
	case interrupt != nil:
		interrupt()
	case !ends:
		go stopUnlocked(suspend)
	case first:
		cancel(&signalError{sig})
		if !orderly {
			go f.endUnlocked(sig)
		}
	case orderly:
		go f.endUnlocked(sig)
	}
}

// endUnlocked ends a command that does not end by itself.
func (f *Factory) endUnlocked(sig syscall.Signal) {
	time.Sleep(windDown)
	if _, err := filelock.Pause(context.Background()); err != nil {
		return
	}
	f.signalling().set(func(s *signalState) {
		if s.restore != nil {
			s.restore()
		}
	})
	dieOf(sig)
}
