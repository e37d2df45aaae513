package cmd

import (
	"fmt"
	"os"
	"runtime"

	"github.com/kyoli-gam/kyoli/internal/portowner"
	loginflow "github.com/kyoli-gam/kyoli/pkg/provider/login"
)

// portTaken says which program has the port, as far as that is known, and
// otherwise how to find out. hint is a way that needs no port.
func portTaken(taken *loginflow.PortTakenError, hint string) error {
	owner, ok := portowner.Of(taken.Port)
	switch {
	case !ok || owner.PID == os.Getpid():
		return withHint(fmt.Errorf("%w; which program that is shows %s", taken, showListener(taken.Port)), hint)
	case owner.Name == "":
		return withHint(fmt.Errorf("%w by process %d", taken, owner.PID), hint)
	}
	return withHint(fmt.Errorf("%w by %s (process %d)", taken, shown(owner.Name), owner.PID), hint)
}

// showListener is a command of the system that shows who listens at a port.
func showListener(port int) string {
	switch runtime.GOOS {
	case "windows":
		return fmt.Sprintf("netstat -ano | findstr :%d", port)
	case "darwin":
		return fmt.Sprintf("lsof -nP -iTCP:%d -sTCP:LISTEN", port)
	}
	return fmt.Sprintf("ss -ltnp sport = :%d", port)
}
