//go:build !linux

package nodump

// Set does nothing: macOS writes no core unless the user raises its limit, and Windows keeps none of a console program.
func Set() {}
