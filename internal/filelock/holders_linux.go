package filelock

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// flockPIDs are the processes that hold a flock on the file, by /proc/locks (proc_locks(5)).
func flockPIDs(path string, info fs.FileInfo) []int {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	table, err := os.ReadFile("/proc/locks")
	if err != nil {
		return nil
	}
	device := fmt.Sprintf("%02x:%02x", unix.Major(uint64(st.Dev)), unix.Minor(uint64(st.Dev))) //nolint:unconvert // the type differs by architecture
	var pids []int
	for _, l := range parseLocks(string(table)) {
		// btrfs and overlayfs show another device than stat does: there the process has to have the file open.
		if l.inode == st.Ino && (l.device == device || opened(l.pid, path)) && !slices.Contains(pids, l.pid) {
			pids = append(pids, l.pid)
		}
	}
	return pids
}

// heldLock is a flock as /proc/locks has it.
type heldLock struct {
	pid    int
	device string // major:minor, in hexadecimal
	inode  uint64
}

// parseLocks reads lines such as "1: FLOCK  ADVISORY  WRITE 1234 fd:01:5678 0 EOF". Those of waiting processes have
// "->" after the number, those of processes in other PID namespaces no id that says anything here.
func parseLocks(table string) []heldLock {
	var locks []heldLock
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) != 8 || f[1] != "FLOCK" {
			continue
		}
		pid, err := strconv.Atoi(f[4])
		i := strings.LastIndexByte(f[5], ':')
		if err != nil || pid <= 0 || i < 0 {
			continue
		}
		if inode, err := strconv.ParseUint(f[5][i+1:], 10, 64); err == nil {
			locks = append(locks, heldLock{pid, f[5][:i], inode})
		}
	}
	return locks
}

// opened tells whether a process has the file open, as far as we may see that.
func opened(pid int, path string) bool {
	resolved, err := filepath.EvalSymlinks(path)
	if err != nil {
		return false
	}
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	names, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(names, func(e fs.DirEntry) bool {
		target, err := os.Readlink(filepath.Join(dir, e.Name()))
		return err == nil && target == resolved
	})
}
