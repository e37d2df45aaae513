package portowner

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Of finds the process that listens at a port, on whichever address; false = it
// cannot be known, since it is another user's or gone.
func Of(port int) (Owner, bool) { return find("/proc", port) }

// listening is the state of a socket that listens (TCP_LISTEN in the kernel's
// net/tcp_states.h).
const listening = "0A"

func find(proc string, port int) (Owner, bool) {
	inodes := map[string]bool{}
	for _, table := range []string{"net/tcp", "net/tcp6"} {
		file, err := os.Open(filepath.Join(proc, table))
		if err != nil {
			continue
		}
		lines := bufio.NewScanner(file)
		for lines.Scan() {
			if inode, ok := listens(lines.Text(), port); ok {
				inodes["socket:["+inode+"]"] = true
			}
		}
		_ = file.Close()
	}
	if len(inodes) == 0 {
		return Owner{}, false
	}
	processes, err := os.ReadDir(proc)
	if err != nil {
		return Owner{}, false
	}
	for _, p := range processes {
		pid, err := strconv.Atoi(p.Name())
		if err == nil && has(filepath.Join(proc, p.Name(), "fd"), inodes) {
			name, _ := os.ReadFile(filepath.Join(proc, p.Name(), "comm"))
			return Owner{PID: pid, Name: strings.TrimSpace(string(name))}, true
		}
	}
	return Owner{}, false
}

// listens reads a line of /proc/net/tcp (proc_net_tcp(5)): "sl: address:port
// remote:port state … inode", addresses and ports in hexadecimal digits.
func listens(line string, port int) (inode string, ok bool) {
	fields := strings.Fields(line)
	if len(fields) < 10 || fields[3] != listening {
		return "", false
	}
	_, hex, found := strings.Cut(fields[1], ":")
	n, err := strconv.ParseUint(hex, 16, 16)
	return fields[9], found && err == nil && int(n) == port
}

// has tells whether one of a process's descriptors is one of these sockets.
func has(dir string, sockets map[string]bool) bool {
	fds, err := os.ReadDir(dir)
	if err != nil { // another user's
		return false
	}
	for _, fd := range fds {
		target, err := os.Readlink(filepath.Join(dir, fd.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if sockets[target] {
			return true
		}
	}
	return false
}
