//go:build unix

package stub

import (
	"os"
	"os/signal"
	"strconv"
	"syscall"
)

// alone is the exit code of a stub whose kyoli is gone. Nobody sees it.
const alone = 1

// Run is the stub. Its args are the program's name, Arg, the descriptor to wait
// on, the descriptor to report on, the file to run and the command's argument
// vector; environ is the command's environment. It returns only when this process
// does not become the command, with the exit code to end with.
func Run(args, environ []string) int {
	if len(args) < 6 {
		return CodeNotExecutable
	}
	waitFD, err1 := strconv.Atoi(args[2])
	tellFD, err2 := strconv.Atoi(args[3])
	if err1 != nil || err2 != nil || waitFD < 3 || tellFD < 3 {
		return CodeNotExecutable
	}
	syscall.CloseOnExec(tellFD)
	if code, ok := awaitClaim(waitFD); !ok {
		return code
	}
	err := become(args[4], args[5:], environ)
	errno, ok := err.(syscall.Errno) //nolint:errorlint // syscall.Exec returns a bare Errno
	if !ok {
		errno = syscall.EINVAL
	}
	_, _ = syscall.Write(tellFD, []byte(strconv.Itoa(int(errno))))
	return CodeNotExecutable
}

// awaitClaim blocks until kyoli says go. False: kyoli is gone, or the terminal's
// quit key was hit, for which the Go runtime would print its stacks.
func awaitClaim(fd int) (int, bool) {
	quit := make(chan os.Signal, 1)
	if !signal.Ignored(syscall.SIGQUIT) {
		signal.Notify(quit, syscall.SIGQUIT)
		defer signal.Stop(quit)
	}
	syscall.CloseOnExec(fd)
	claimed := make(chan bool, 1)
	go func() {
		var one [1]byte
		for {
			n, err := syscall.Read(fd, one[:])
			if err != syscall.EINTR { //nolint:errorlint // Read returns a bare Errno
				claimed <- n == 1
				return
			}
		}
	}()
	select {
	case ok := <-claimed:
		return alone, ok
	case <-quit:
		return 128 + int(syscall.SIGQUIT), false
	}
}

// become replaces this process. A text file without an interpreter line is run
// by sh, as every shell and execvp(3) do.
func become(path string, argv, environ []string) error {
	err := syscall.Exec(path, argv, environ)
	if err == syscall.ENOEXEC && isText(path) { //nolint:errorlint // a bare Errno
		return syscall.Exec("/bin/sh", append([]string{"sh", path}, argv[1:]...), environ)
	}
	return err
}

// isText tells whether the first block of a file could be a script; an empty
// file is an empty one.
func isText(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 512)
	n, _ := f.Read(head) // nothing read: nothing that speaks against it
	for _, c := range head[:max(n, 0)] {
		if c == 0 {
			return false
		}
	}
	return true
}
