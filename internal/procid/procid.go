// Package procid names a process so that it can be recognised later, by another process, after
// its PID may have been given to somebody else.
//
// A PID alone names a slot, not a process. Together with the raw start time, the boot it was
// started in, and the PID namespace and host that the number belongs to, it names one process for
// good. The package promises never to call a process dead that may be alive: what it cannot find
// out it says, and leaves the decision to the caller.
package procid

import (
	"fmt"
	"math"
	"os"
	"sync"
)

// Process identifies one process. Fields that the platform cannot tell are empty; two empty fields
// count as equal.
type Process struct {
	// PID is the process id within PIDNs.
	PID int
	// StartTime is when the process started, raw, in the platform's own unit: clock ticks since
	// boot on Linux (field 22 of /proc/PID/stat), seconds.microseconds on macOS, a FILETIME on
	// Windows. It is compared and never computed with.
	StartTime string
	// BootID names the boot: /proc/sys/kernel/random/boot_id, kern.bootsessionuuid, or the boot
	// counter of Windows.
	BootID string
	// PIDNs is the inode of the PID namespace; empty where there are none.
	PIDNs string
	// Host is the host name.
	Host string
}

// Life is whether a process lives.
type Life int

// The answers of [Process.Alive].
const (
	// Unknown: the process belongs to another host or PID namespace and cannot be looked at.
	Unknown Life = iota
	// Alive: the process runs, or at least a process that cannot be told from it.
	Alive
	// Dead: the process is gone, a zombie, or its PID belongs to another one by now.
	Dead
)

// String is the answer in one word.
func (l Life) String() string {
	switch l {
	case Alive:
		return "alive"
	case Dead:
		return "dead"
	default:
		return "unknown"
	}
}

// State is what is known of a process.
type State struct {
	// Life is the answer.
	Life Life
	// Why says in words why a process counts as dead, or why nothing can be told. Empty for the
	// living.
	Why string
	// SameClock says, for an unknown process, that it runs under this very kernel (in another
	// PID namespace), so that times it wrote may be compared with ours.
	SameClock bool
}

// GoneError says that there is no live process with that PID.
type GoneError struct {
	// PID is the number that was looked up.
	PID int
	// Why is "gone" or "zombie" in words.
	Why string
}

// Error implements error.
func (e *GoneError) Error() string { return fmt.Sprintf("process %d: %s", e.PID, e.Why) }

// whySomeoneElse is the reason where a PID was used again.
const whySomeoneElse = "its process id belongs to a younger process"

// here is what all processes of this host, boot and namespace have in common. It is read once: none
// of it can change while a process lives, the host's name aside, which decides nothing as long as
// the boot is the same.
var here = sync.OnceValue(func() Process {
	p := platformHere()
	if name, err := os.Hostname(); err == nil {
		p.Host = name
	}
	return p
})

var self = sync.OnceValue(func() Process {
	p, err := Of(os.Getpid())
	if err != nil {
		p = here()
		p.PID = os.Getpid()
	}
	return p
})

// Self identifies the calling process.
func Self() Process { return self() }

// Of identifies the process that has pid now. It returns a *[GoneError] when there is none or only
// a zombie. A process that may not be looked at (EPERM) is returned without a start time.
func Of(pid int) (Process, error) {
	p := here()
	p.PID = pid
	if pid <= 0 || pid > math.MaxInt32 { // the system would take another number for it
		return p, &GoneError{PID: pid, Why: "not a process id"}
	}
	start, why := look(pid)
	if why != "" {
		return p, &GoneError{PID: pid, Why: why}
	}
	p.StartTime = start
	return p, nil
}

// Alive tells whether p lives, as far as self (normally [Self]) can tell.
//
// One boot is one kernel, whatever the host is called there: names change with the network and
// differ between containers. Another boot of a host of the same name is a reboot, and ended every
// process; of a host of another name, it is another machine.
func (p Process) Alive(self Process) State {
	bothTold := p.BootID != "" && self.BootID != ""
	sameBoot := bothTold && p.BootID == self.BootID
	switch {
	case !sameBoot && p.Host != self.Host:
		return State{Why: "it runs on another host"}
	case !sameBoot && bothTold:
		return State{Life: Dead, Why: "the machine was restarted since"}
	case p.PIDNs != self.PIDNs:
		return State{Why: "it runs in another PID namespace", SameClock: sameBoot}
	}
	now, err := Of(p.PID)
	if err != nil {
		return State{Life: Dead, Why: reason(err)}
	}
	if p.StartTime != "" && now.StartTime != "" && p.StartTime != now.StartTime {
		return State{Life: Dead, Why: whySomeoneElse}
	}
	return State{Life: Alive}
}
