//go:build failpoint

package failpoint

import (
	"os"
	"strconv"
)

func init() {
	//nolint:forbidigo // no user's variable: it exists only in builds for tests
	if n, err := strconv.ParseInt(os.Getenv("KYOLI_FAILPOINT"), 10, 64); err == nil && n > 0 {
		Set(KillAt(n))
	}
}
