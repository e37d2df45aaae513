// Package execstub makes this process the stub of a child where exec started it
// for that. Importing it is enough. It promises to do so before nearly all other
// packages are initialised: what they prepare would be for nothing, and take
// longer than the rest of the stub.
package execstub

import (
	"os"

	"github.com/kyoli-gam/kyoli/pkg/executor/stub"
)

func init() {
	if stub.Asked(os.Args) {
		os.Exit(stub.Run(os.Args, os.Environ())) //nolint:forbidigo // main would come too late, see above
	}
}
