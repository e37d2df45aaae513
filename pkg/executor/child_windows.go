package executor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// child is a started command. Windows has no exec, so there is no stub: the
// child is created suspended, claimed and resumed. What falls short of the other
// platforms: a kyoli that is killed in between leaves a suspended process.
type child struct {
	pid    int
	cmd    *exec.Cmd
	breaks chan os.Signal
}

func (p *Process) start(ctx context.Context) (*child, error) {
	cmd := &exec.Cmd{
		Path: p.Path, Args: p.Args, Env: p.Env,
		Stdin: p.Stdin, Stdout: p.Stdout, Stderr: p.Stderr,
		SysProcAttr: &syscall.SysProcAttr{CreationFlags: windows.CREATE_SUSPENDED},
	}
	// The console sends Ctrl-C to the child as well; kyoli stays for its end.
	c := &child{cmd: cmd, breaks: make(chan os.Signal, 8)}
	signal.Notify(c.breaks, os.Interrupt)
	if err := cmd.Start(); err != nil {
		signal.Stop(c.breaks)
		return nil, startError(p, err)
	}
	c.pid = cmd.Process.Pid
	err := error(nil)
	if p.Claim != nil {
		err = p.Claim(ctx, c.pid)
	}
	if err == nil {
		err = resumeThreads(uint32(c.pid))
	}
	if err != nil {
		signal.Stop(c.breaks)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return nil, err
	}
	return c, nil
}

func (c *child) wait() (Exit, error) {
	defer signal.Stop(c.breaks)
	err := c.cmd.Wait()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		return Exit{}, fmt.Errorf("waiting for the command (pid %d): %w", c.pid, err)
	}
	return Exit{Code: c.cmd.ProcessState.ExitCode()}, nil
}

// resumeThreads lets a suspended process run.
func resumeThreads(pid uint32) error {
	snapshot, err := windows.CreateToolhelp32Snapshot(windows.TH32CS_SNAPTHREAD, 0)
	if err != nil {
		return fmt.Errorf("resuming the command (pid %d): %w", pid, err)
	}
	defer windows.CloseHandle(snapshot) //nolint:errcheck // nothing to be done about it
	entry := windows.ThreadEntry32{Size: uint32(unsafe.Sizeof(windows.ThreadEntry32{}))}
	for err = windows.Thread32First(snapshot, &entry); err == nil; err = windows.Thread32Next(snapshot, &entry) {
		if entry.OwnerProcessID != pid {
			continue
		}
		if err := resumeThread(entry.ThreadID); err != nil {
			return fmt.Errorf("resuming the command (pid %d): %w", pid, err)
		}
	}
	return nil
}

func resumeThread(id uint32) error {
	thread, err := windows.OpenThread(windows.THREAD_SUSPEND_RESUME, false, id)
	if err != nil {
		return err
	}
	defer windows.CloseHandle(thread) //nolint:errcheck // nothing to be done about it
	_, err = windows.ResumeThread(thread)
	return err
}
