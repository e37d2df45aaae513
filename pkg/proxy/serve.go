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
	headPatience = 10 * time.Second
	idlePatience = 2 * time.Minute
	headMost     = 64 << 10
)

// Serve serves h on the listeners until ctx ends, and then takes no more, and lets answers that are
// under way end for as long as grace. It closes the listeners. What the server has to say goes to
// logger, nil = nowhere.
func Serve(ctx context.Context, h http.Handler, grace time.Duration, logger *log.Logger, listeners ...net.Listener) error {
	if logger == nil {
		logger = log.New(io.Discard, "", 0)
	}
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
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if serr := srv.Shutdown(late); serr != nil {
		_ = srv.Close() // whoever is still here has had the time it was given
	}
	all.Wait()
	return err
}
