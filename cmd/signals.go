package cmd

import (
	"context"
	"os"
	"os/signal"
	"sync"
)

// signalState lets exec take the signals over from the rest of kyoli.
type signalState struct {
	mu    sync.Mutex
	taken bool
}

// TakeSignals leaves INT, TERM, HUP and the like to the caller from now on:
// kyoli itself no longer stops on them. The function returned gives them back.
func (f *Factory) TakeSignals() (giveBack func()) {
	f.signals.set(true)
	return func() { f.signals.set(false) }
}

func (s *signalState) set(taken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken = taken
}

func (s *signalState) isTaken() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.taken
}

// watchSignals cancels the context on the first signal that ends kyoli.
func (f *Factory) watchSignals(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, endSignals...)
	go func() {
		for range signals {
			if !f.signals.isTaken() {
				cancel()
			}
		}
	}()
	return ctx, func() { signal.Stop(signals); close(signals); cancel() }
}
