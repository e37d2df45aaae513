package cmd

import (
	"bytes"
	"testing"

	"github.com/kyoli-gam/kyoli/internal/env"
)

func TestStatusLine(t *testing.T) {
	t.Parallel()
	const first, then = "waiting for an account that others hold, 2 before us", "waiting for an account that others hold"
	for name, tt := range map[string]struct {
		tty, quiet bool
		term       string
		want       string
	}{
		"on a terminal":                    {true, false, "xterm", "\r\x1b[K" + first + "\r\x1b[K" + then + "\r\x1b[K"},
		"elsewhere":                        {false, false, "xterm", ""},
		"quiet":                            {true, true, "xterm", ""},
		"on one that takes no lines back ": {true, false, "dumb", first + "\n" + then + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var errs bytes.Buffer
			f := &Factory{Err: &errs, ErrTTY: func() bool { return tt.tty }, Env: env.Map(map[string]string{"TERM": tt.term})}
			f.opts.Quiet = tt.quiet
			l := f.statusLine()
			l.clear()
			l.queued(2)
			l.queued(2)
			l.queued(0)
			l.clear()
			l.clear()
			if got := errs.String(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
