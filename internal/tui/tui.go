// Package tui shows pages of choices on a terminal: lists that are moved in with
// the arrow keys and filtered by typing, questions, and work that takes a while
// and can be cancelled. It knows nothing of what the pages are about.
//
// It promises that the terminal is as it was before, however it ends: by a key, by
// the end of its context, by a panic, and for as long as the process is stopped.
// All that it is given to show is made harmless first. Where the terminal cannot
// be drawn on, or for a screen reader, the same pages are numbered lists that are
// answered by line ([App.Plain]).
package tui

import (
	"context"
	"io"
)

// App is what is shown, and where.
type App struct {
	// In and Out are the terminal.
	In  io.Reader
	Out io.Writer
	// Environ is the environment that tells what the terminal can do (TERM,
	// NO_COLOR), as NAME=VALUE; nil = the process's own.
	Environ []string
	// Start makes the first page.
	Start func() Page
	// Feed brings the data of which the pages are made.
	Feed Feed
	// Host is the process that all this runs in.
	Host Host
	// Colour paints.
	Colour bool
}

// Feed brings the data that pages are made of. Its methods are called from any
// goroutine: Load never twice at a time, Wait also while Load runs.
type Feed interface {
	// Load reads the data; acted tells that a Run may have changed any of them.
	// apply, which may be nil, makes them those that pages are made of; it is
	// called by the goroutine that makes pages.
	Load(ctx context.Context, acted bool) (apply func())
	// Wait returns when pages may be out of date; false when ctx has ended.
	Wait(ctx context.Context) bool
}

// Host is what a process does about signals and the terminal.
type Host interface {
	// Taken tells the host how to give the terminal back: leave for good, suspend
	// until resume is called. Both are nil where the terminal is as everybody has
	// it. They may be called at any time, from any goroutine.
	Taken(leave func(), suspend func() (resume func()))
	// Interruptible has an interrupt from outside (Ctrl-C on a terminal that was
	// given back) call cancel instead of ending the process, until stop is called.
	Interruptible(cancel func()) (stop func())
	// Stop stops the process and its job, as Ctrl-Z does where the terminal is not
	// taken.
	Stop()
}

// Outcome is how an App has ended.
type Outcome int

// The outcomes.
const (
	Left        Outcome = iota // by a choice, or because the context ended
	Interrupted                // by Ctrl-C
)
