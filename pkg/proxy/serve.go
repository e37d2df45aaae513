package proxy

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// headPatience is longer than the beat of a claim (20 s), so that the deadline which every
	// request gets is never the process's next timer: one that is wakes another thread, which costs
	// more than all else that the proxy does for a request.
	headPatience = 30 * time.Second
	idlePatience = 2 * time.Minute
	headMost     = 64 << 10
)

// Stop says how [Serve] ends.
type Stop struct {
	// Grace is how long answers that are under way may go on.
	Grace time.Duration
	// Now, when it is closed, ends them at once; nil = never.
	Now <-chan struct{}
}

// Serve serves h on the listeners until ctx ends, and then takes no more, and lets answers that are
// under way end as stop says. It closes the listeners.
func Serve(ctx context.Context, h http.Handler, stop Stop, listeners ...net.Listener) error {
	logger := log.New(io.Discard, "", 0) // of what clients do wrong, which is their affair
	srv := &http.Server{
		Handler: h, ReadHeaderTimeout: headPatience, IdleTimeout: idlePatience, MaxHeaderBytes: headMost, ErrorLog: logger,
	}
	var all sync.WaitGroup
	failed := make(chan error, len(listeners))
	for _, l := range listeners {
		all.Go(func() {
			if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				failed <- err
			}
		})
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), stop.Grace)
	defer cancel()
	over := make(chan struct{})
	defer close(over)
	go func() {
		select {
		case <-stop.Now:
			cancel()
		case <-over:
		}
	}()
	if serr := srv.Shutdown(late); serr != nil {
		_ = srv.Close() // whoever is still here has had the time it was given
	}
	all.Wait()
	return err
}
