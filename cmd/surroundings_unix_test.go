//go:build unix

package cmd

import (
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// What the tests were started with as ignored, as in the background of a script and under nohup, the processes that
// they start would ignore, too. Whatever else this binary plays has to keep it.
func init() {
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-test.") {
		return
	}
	for _, s := range []os.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP, syscall.SIGTERM} {
		if signal.Ignored(s) {
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
}
