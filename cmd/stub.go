package cmd

import (
	"fmt"
	"os"

	_ "github.com/kyoli-gam/kyoli/cmd/execstub" // first, see there
	"github.com/kyoli-gam/kyoli/pkg/executor/stub"
)

// stubCommand is the command line by which exec starts the stub of its child.
func stubCommand() ([]string, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding kyoli's own program file: %w", err)
	}
	return []string{exe, stub.Arg}, nil
}
