package cmd

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/executor"
	"github.com/kyoli-gam/kyoli/pkg/manager"
)

const (
	// tailMost is how much of what a command wrote to stderr last is looked at.
	tailMost = 64 << 10
	// tailPatience is how long what the command's own children still write to
	// stderr is waited for after its end.
	tailPatience = 200 * time.Millisecond
	// pipeMost is what a pipe can hold, unless somebody privileged made it larger.
	pipeMost = 1 << 20
)

// checkRetries refuses what cannot be run again.
func (o *execOptions) checkRetries(f *Factory) error {
	switch {
	case o.Retries == 0:
		return nil
	case o.Wish.Account != "":
		return usageErrorf("", "--retries goes on with another account, which --account does not let it")
	case o.Rotate:
		return usageErrorf("", "--retries is for commands that do not rotate while they run; leave out --rotate, or say --rotate=false")
	case f.inTTY() || f.outTTY() || f.errTTY():
		return usageErrorf(o.again(f, "--rotate"), "--retries is for commands that nobody talks to, and this is a terminal")
	}
	return nil
}

// runRetrying runs the command, and again with the next account for as long as it
// fails because of a limit.
func runRetrying(ctx context.Context, f *Factory, o *execOptions, m *manager.Manager, vars *childEnv) error {
	var exclude []string
	var failed error
	var rewind func() error
	for n := 0; ; n++ {
		r, err := newExecRun(f, o, m, vars)
		if err != nil {
			return err
		}
		r.exclude = exclude
		if rewind == nil {
			rewind, err = rewinder(r.process.Stdin)
		} else {
			err = rewind()
		}
		if err != nil {
			return err
		}
		if o.Retries > 0 {
			r.watch = &tail{}
		}
		err = r.run(ctx)
		if r.taken == nil && failed != nil {
			f.Note("no other account is left: %v", err)
			return failed
		}
		if err == nil || n == o.Retries || !r.limited(ctx) {
			return err
		}
		if r.giveBack != nil {
			r.giveBack()
		}
		f.Note("account %s is limited; running the command again with another one", r.account.Name())
		exclude, failed = append(exclude, r.account.UUID), err
	}
}

// rewinder returns a function that lets a command read stdin from where it is
// now, where that is a file. What cannot be rewound is read on.
func rewinder(stdin *os.File) (func() error, error) {
	info, err := stdin.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return func() error { return nil }, nil //nolint:nilerr // the command will see what is wrong with it
	}
	at, err := stdin.Seek(0, io.SeekCurrent)
	return func() error {
		_, err := stdin.Seek(at, io.SeekStart)
		return err
	}, err
}

// limited tells whether the command failed because of a limit, and notes it.
func (r *execRun) limited(ctx context.Context) bool {
	text := r.watch.text()
	if r.exit.Code == exitOK || r.exit.Signal != 0 || ctx.Err() != nil || !r.vars.adapter.SaysLimited(text) {
		return false
	}
	if err := r.m.MarkLimited(context.WithoutCancel(ctx), r.account.UUID, executor.WaitInWords(text)); err != nil {
		r.f.Note("warning: the limit of account %s could not be noted: %v", r.account.Name(), err)
	}
	return true
}

// tail passes a command's stderr on and keeps the end of it.
type tail struct {
	mu    sync.Mutex
	kept  []byte
	read  *os.File
	write *os.File
	done  chan struct{}
}

// open makes the pipe that the command gets for to.
func (t *tail) open(to *os.File) (*os.File, error) {
	var err error
	if t.read, t.write, err = os.Pipe(); err != nil {
		return nil, err
	}
	t.done = make(chan struct{})
	go func() {
		defer close(t.done)
		both := io.MultiWriter(to, t)
		_, err := io.Copy(both, t.read) // ends with the pipe
		if errors.Is(err, os.ErrDeadlineExceeded) {
			_ = drain(both, t.read) // what was written in time, however busy the machine is
		}
	}()
	return t.write, nil
}

// started gives up our end of the pipe, now that the command has its own.
func (t *tail) started() { _ = t.write.Close() }

// ended waits until what the command wrote has come through. Its own children may
// keep the pipe open for longer than that.
func (t *tail) ended() {
	_ = t.write.Close()
	if t.read.SetReadDeadline(time.Now().Add(tailPatience)) != nil {
		select {
		case <-t.done:
		case <-time.After(tailPatience):
		}
		_ = t.read.Close()
	}
	<-t.done
	_ = t.read.Close()
}

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p...)
	if over := len(t.kept) - tailMost; over > tailMost {
		t.kept = append([]byte(nil), t.kept[over:]...)
	}
	return len(p), nil
}

// text is the end of what was written; "" where nobody watched.
func (t *tail) text() string {
	if t == nil {
		return ""
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.kept[max(0, len(t.kept)-tailMost):])
}
