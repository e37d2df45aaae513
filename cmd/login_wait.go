package cmd

import (
	"fmt"
	"sync"
	"time"

	"github.com/kyoli-gam/kyoli/internal/env"
)

// eraseLine goes to the line's start and clears it (ECMA-48 EL).
const eraseLine = "\r\x1b[K"

// countdown shows on a terminal that can take a line back, in one line, what is
// waited for and how long still; elsewhere it says so once. stop takes the line
// away, and may be called more than once.
func (f *Factory) countdown(what string, left time.Duration) (stop func()) {
	if !f.errTTY() || f.Env.Get(env.Term) == "dumb" {
		f.Note("%s, for %s at most", what, left.Round(time.Second))
		return func() {}
	}
	end := time.Now().Add(left)
	show := func(left time.Duration) {
		f.overwrite(fmt.Sprintf("%s: %s left, Ctrl-C cancels", what, clock(left)))
	}
	show(left)
	over, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				show(time.Until(end))
			case <-over:
				f.overwrite("")
				return
			}
		}
	}()
	return sync.OnceFunc(func() {
		close(over)
		<-gone
	})
}

func (f *Factory) overwrite(text string) {
	f.said.Lock()
	defer f.said.Unlock()
	fmt.Fprint(f.Err, eraseLine+text)
}

// clock is a duration as minutes and seconds.
func clock(d time.Duration) string {
	seconds := max(0, int(d.Round(time.Second)/time.Second))
	return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
}
