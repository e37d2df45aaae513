//go:build unix

package executor

import (
	"bytes"
	"io"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// stubAlone is the exit code of a stub whose kyoli is gone. Nobody sees it.
const stubAlone = 1

// RunStub is the stub of a child. Its args are StubArg, the descriptor to wait
// on, the descriptor to report on, the file to run and the command's argument
// vector. It waits until its pid is claimed and then becomes the command, with
// environ as its environment: the same pid, the same start time. It returns only
// when it does not, with the exit code to end with.
func RunStub(args, environ []string) int {
	if len(args) < 5 {
		return CodeNotExecutable
	}
	waitFD, err1 := strconv.Atoi(args[1])
	tellFD, err2 := strconv.Atoi(args[2])
	if err1 != nil || err2 != nil || waitFD < 3 || tellFD < 3 {
		return CodeNotExecutable
	}
	unix.CloseOnExec(tellFD)
	if code, ok := awaitClaim(waitFD); !ok {
		return code
	}
	err := become(args[3], args[4:], environ)
	errno, ok := err.(syscall.Errno) //nolint:errorlint // syscall.Exec returns a bare Errno
	if !ok {
		errno = syscall.EINVAL
	}
	_, _ = unix.Write(tellFD, []byte(strconv.Itoa(int(errno))))
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
	unix.CloseOnExec(fd)
	claimed := make(chan bool, 1)
	go func() {
		var one [1]byte
		for {
			n, err := unix.Read(fd, one[:])
			if err != unix.EINTR { //nolint:errorlint // Read returns a bare Errno
				claimed <- n == 1
				return
			}
		}
	}()
	select {
	case ok := <-claimed:
		return stubAlone, ok
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

// isText tells whether the first block of a file could be a script.
func isText(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 512)
	n, err := io.ReadFull(f, head)
	if err != nil && n == 0 {
		return err == io.EOF // an empty file is an empty script
	}
	return !bytes.ContainsRune(head[:n], 0)
}
