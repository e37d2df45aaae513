package cmd

import "os/exec"

// wholeGroup leaves the command as it is: its end is that of the process alone.
func wholeGroup(*exec.Cmd) {}
