package procid

import "errors"

// The reasons that platforms have in common.
const (
	whyGone   = "its process is gone"
	whyZombie = "its process has ended (a zombie)"
)

// reason is why err, from [Of], calls a process gone.
func reason(err error) string {
	if g, ok := errors.AsType[*GoneError](err); ok {
		return g.Why
	}
	return err.Error()
}
