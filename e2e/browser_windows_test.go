package e2e_test

import (
	"errors"
	"io"
	"os/exec"
)

func startOnTerminal(*exec.Cmd) (io.ReadWriter, error) {
	return nil, errors.New("there is no pseudo-terminal here")
}
