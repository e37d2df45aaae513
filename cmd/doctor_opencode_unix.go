//go:build unix

package cmd

import (
	"os/exec"
	"syscall"
)

// wholeGroup makes the end of a command that takes too long that of all its processes: opencode may be a script.
func wholeGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
