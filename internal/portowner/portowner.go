// Package portowner tells which process listens at a TCP port of this machine,
// for messages. It promises nothing: where it cannot know, it says so.
package portowner

// Owner is a process that listens.
type Owner struct {
	PID  int
	Name string // of its program; "" where it cannot be read
}
