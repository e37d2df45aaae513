package procid

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// ownProc says whether /proc shows our own PID namespace. In a chroot or a careless container it
// may be missing, or show another one, where our numbers mean other processes.
var ownProc = sync.OnceValue(func() bool {
	link, err := os.Readlink("/proc/self")
	return err == nil && link == strconv.Itoa(os.Getpid())
})

func platformHere() Process {
	var p Process
	if b, err := os.ReadFile("/proc/sys/kernel/random/boot_id"); err == nil {
		p.BootID = strings.TrimSpace(string(b))
	}
	// The link leads to our own namespace even where /proc shows another one.
	if link, err := os.Readlink("/proc/self/ns/pid"); err == nil {
		p.PIDNs = strings.TrimSuffix(strings.TrimPrefix(link, "pid:["), "]")
	}
	return p
}

// look returns the start time of a live process, or why there is none. /proc may be missing, or
// hide the processes of others (hidepid), so the kernel is asked with signal 0 where it is silent.
func look(pid int) (start, gone string) {
	if ownProc() {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err == nil {
			if st, perr := parseStat(b); perr == nil {
				return st.start, st.gone()
			}
		}
	}
	return "", signal0(pid)
}

// stat is what is needed of /proc/PID/stat.
type stat struct {
	state   byte
	threads string
	start   string
}

// errStat is returned for a line that is not one of /proc/PID/stat.
var errStat = errors.New("not a line of /proc/PID/stat")

// parseStat reads proc_pid_stat(5). The command's name, in brackets, may hold brackets and blanks
// itself, so the fields are counted from the last bracket.
func parseStat(b []byte) (stat, error) {
	s := string(b)
	i := strings.LastIndexByte(s, ')')
	if i < 0 {
		return stat{}, errStat
	}
	f := strings.Fields(s[i+1:]) // f[0] is field 3
	if len(f) < 20 || len(f[0]) != 1 {
		return stat{}, errStat
	}
	if _, err := strconv.ParseUint(f[19], 10, 64); err != nil {
		return stat{}, errStat
	}
	return stat{state: f[0][0], threads: f[17], start: f[19]}, nil
}

// gone says why the process counts as dead. A process whose first thread has ended shows as a
// zombie while its other threads go on; it is alive.
func (s stat) gone() string {
	switch s.state {
	case 'Z':
		if s.threads != "0" && s.threads != "1" {
			return ""
		}
		return whyZombie
	case 'X', 'x':
		return whyGone
	}
	return ""
}

func signal0(pid int) string {
	if err := unix.Kill(pid, 0); errors.Is(err, unix.ESRCH) {
		return whyGone
	}
	return "" // nil, or EPERM: somebody else's
}
