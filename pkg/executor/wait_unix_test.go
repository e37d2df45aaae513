//go:build unix

package executor

import (
	"syscall"
	"testing"
)

func TestWaitStatuses(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status uint32
		exit   Exit
		done   bool
		stop   syscall.Signal
	}{
		{"exit 0", 0x0000, Exit{}, true, 0},
		{"exit 255", 0xff00, Exit{Code: 255}, true, 0},
		{"killed", 0x0009, Exit{Code: 137, Signal: 9}, true, 0},
		{"killed, core dumped", 0x0083, Exit{Code: 131, Signal: 3}, true, 0},
		{"realtime signal", 0x0040, Exit{Code: 192, Signal: 64}, true, 0},
		{"stopped", uint32(syscall.SIGTTIN)<<8 | 0x7f, Exit{}, false, syscall.SIGTTIN},
		{"stopped by STOP", uint32(syscall.SIGSTOP)<<8 | 0x7f, Exit{}, false, syscall.SIGSTOP},
		{"continued on Linux", 0xffff, Exit{}, false, 0},
		{"continued on Darwin", uint32(syscall.SIGCONT)<<8 | 0x7f, Exit{}, false, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &child{tty: terminal{fd: -1}, stopSignal: 0}
			exit, done := c.changed(tt.status)
			defer c.stop.cancel()
			if exit != tt.exit || done != tt.done || c.stopSignal != tt.stop {
				t.Errorf("got %+v, %v, stopped by %v", exit, done, c.stopSignal)
			}
		})
	}
}
