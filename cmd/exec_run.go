package cmd

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/kyoli-gam/kyoli/internal/env"
	"github.com/kyoli-gam/kyoli/internal/eventlog"
	"github.com/kyoli-gam/kyoli/internal/filelock"
	"github.com/kyoli-gam/kyoli/internal/procid"
	"github.com/kyoli-gam/kyoli/internal/termtext"
	"github.com/kyoli-gam/kyoli/pkg/executor"
	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

func runExec(ctx context.Context, f *Factory, o *execOptions) error {
	if f.Env.Get(env.Provider) != "" && !o.AllowNested && !o.PrintEnv {
		return usageErrorf(o.again(f, "--allow-nested"),
			"this is inside another kyoli exec already (%s is set)", env.Provider)
	}
	if !o.NoMigrate && !o.PrintEnv {
		if err := f.firstUse(ctx); err != nil {
			return err
		}
	}
	id, err := o.Wish.provider(ctx, f)
	if err != nil {
		return err
	}
	adapter, err := f.Adapter(id)
	if err != nil {
		return err
	}
	settings, err := f.Settings(id)
	if err != nil {
		return err
	}
	if !o.RotateGiven {
		o.Rotate = settings.ExecRotate
	}
	if err := o.checkRetries(f); err != nil {
		return err
	}
	vars := &childEnv{adapter: adapter, extra: o.Env, opencode: o.isOpenCode(), rotates: o.Rotate}
	if o.PrintEnv {
		return printNames(f, vars.names())
	}
	m, err := f.Manager(ctx, id)
	if err != nil {
		return err
	}
	return runRetrying(ctx, f, o, m, vars)
}

func printNames(f *Factory, names []string) error {
	table := &termtext.Table{Heads: []string{"NAME"}}
	for _, name := range names {
		table.Row(termtext.Text(name))
	}
	return f.Print(table, names)
}

// execRun is one run of exec, from the choice of an account to its release.
type execRun struct {
	f    *Factory
	o    *execOptions
	m    *manager.Manager
	vars *childEnv

	process *executor.Process
	*taken
	logins   *logins        // nil where the command is not OpenCode, or has its own
	ownLogin *store.Account // the account whose login OpenCode has itself; nil = none
	rotation *rotation      // nil where the account stays the same

	exclude []string // accounts that earlier runs of the command were limited with
	watch   *tail    // what the command writes to stderr; nil where nobody looks at it
	// giveBack gives signals back to kyoli, where the command had them; nil = it had not. Only
	// another run needs that: one that came in the command's last moment must not end kyoli too,
	// whose exit code is the command's.
	giveBack func()
	exit     executor.Exit  // how the command ended
	noting   sync.WaitGroup // of the account's use
}

// newExecRun finds the command and everything else that can fail before an
// account is touched.
func newExecRun(f *Factory, o *execOptions, m *manager.Manager, vars *childEnv) (*execRun, error) {
	stub, err := stubCommand()
	if err != nil {
		return nil, err
	}
	stdin, err := stream(f.In, "stdin")
	if err != nil {
		return nil, err
	}
	stdout, err := stream(f.Out, "stdout")
	if err != nil {
		return nil, err
	}
	stderr, err := stream(f.Err, "stderr")
	if err != nil {
		return nil, err
	}
	path, err := executor.LookPath(o.Command[0], f.Env.Environ())
	if err != nil {
		return nil, startFailure(f, o, err)
	}
	r := &execRun{f: f, o: o, m: m, vars: vars}
	r.process = &executor.Process{
		Path: path, Args: o.Command, Stub: stub,
		Stdin: stdin, Stdout: stdout, Stderr: stderr,
		Pause: filelock.Pause,
	}
	return r, nil
}

// stream is a standard stream as the child needs it: a file.
func stream(s any, name string) (*os.File, error) {
	if file, ok := s.(*os.File); ok {
		return file, nil
	}
	return nil, failf(exitGeneral, "", "%s is not a file, which a command needs", name)
}

// startFailure gives an error of the command itself the exit code that a shell
// would give it.
func startFailure(f *Factory, o *execOptions, err error) error {
	var start *executor.StartError
	if errors.As(err, &start) {
		return failf(start.ExitCode(), o.startHint(f, start), "%w", err)
	}
	return err
}

// startHint is what helps where a command is not found, "" = what the error itself hints.
func (o *execOptions) startHint(f *Factory, err *executor.StartError) string {
	name := o.Command[0]
	switch words := strings.Fields(name); {
	case err.Code != executor.CodeNotFound:
		return ""
	case len(o.Command) == 1 && len(words) > 1: // quoted as a whole
		again := *o
		again.Command = words
		return again.again(f)
	case name == asOpenCode:
		return "npm install -g opencode-ai"
	}
	return ""
}

func (r *execRun) run(ctx context.Context) error {
	t, err := takeAccount(ctx, r.f, r.m, r.o, r.exclude)
	if err != nil {
		return err
	}
	r.taken = t
	if len(r.exclude) > 0 {
		r.f.LogAccount(eventlog.Switched, r.m.Provider(), t.account, "the command is run again, having failed because of a limit")
	}
	defer r.end(ctx)
	if err := r.prepare(ctx); err != nil {
		return err
	}
	r.process.Claim = func(ctx context.Context, pid int) error {
		// The executor has caught all signals by now; from here on they are the
		// child's, and one that came before has ended ctx.
		r.giveBack = r.f.TakeSignals()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return r.handOver(ctx, pid)
	}
	// While the stub starts, which has to be waited for anyway.
	r.noting.Go(func() { r.m.Used(ctx, r.account) })
	if err := r.start(ctx); err != nil {
		return startFailure(r.f, r.o, err)
	}
	return r.attend(context.WithoutCancel(ctx))
}

// start starts the command, with an eye on its stderr where that is wanted.
func (r *execRun) start(ctx context.Context) error {
	if r.watch == nil {
		return r.process.Start(ctx)
	}
	pipe, err := r.watch.open(r.process.Stderr)
	if err != nil {
		return err
	}
	r.process.Stderr = pipe
	if err := r.process.Start(ctx); err != nil {
		r.watch.ended()
		return err
	}
	r.watch.started()
	return nil
}

// prepare does what is left to do before the child.
func (r *execRun) prepare(ctx context.Context) (err error) {
	if r.o.Use {
		if _, err := r.m.Use(ctx, r.account.UUID); err != nil {
			return err
		}
	}
	if r.o.Rotate {
		if r.rotation, err = r.f.rotate(ctx, r.m, r.o, r.taken); err != nil {
			return err
		}
		r.vars.lane = r.rotation.lane()
	}
	switch {
	case r.vars.opencode && r.o.Rotate:
		err = r.prepareOpenCode(ctx)
	case r.vars.opencode:
		r.logins, r.vars.authContent, err = lendLogins(ctx, r.f, r.vars.adapter, r.account)
	}
	if err != nil {
		return err
	}
	r.process.Env, err = r.vars.build(r.f.Env.Environ(), r.account)
	return err
}

// handOver gives claim and logins to the child, before its first instruction. By
// then everything is written that is about the account.
func (r *execRun) handOver(ctx context.Context, pid int) error {
	r.noting.Wait()
	child, err := procid.Of(pid)
	if err != nil {
		return err
	}
	if r.claim != nil {
		if err := r.claim.Transfer(ctx, child); err != nil {
			return err
		}
	}
	if r.logins != nil {
		return r.logins.run.Attach(ctx, child)
	}
	return nil
}

// attend keeps claim, token and logins in order until the child has ended.
func (r *execRun) attend(ctx context.Context) error {
	keep := r.keepUp(ctx)
	exit, err := r.process.Wait()
	r.exit = exit
	if r.watch != nil {
		r.watch.ended()
	}
	keep.stop()
	if err != nil {
		return err
	}
	r.sayOutlived()
	if exit.Code != exitOK {
		return exitWith(exit.Code)
	}
	return nil
}

// sayOutlived tells a person whose command ran longer than its token was good
// for why it may have failed, after it has ended: the terminal was its own.
func (r *execRun) sayOutlived() {
	expires := r.account.ExpiresAt
	if r.rotation == nil && expires != 0 && r.f.errTTY() && r.f.now().After(expires.Time()) {
		r.f.Note("hint: the command ran on after its access token had expired at %s; a running command keeps the token that it started with, unless it is run with --rotate",
			expires.Time().Local().Format(time.TimeOnly))
	}
}

// end gives everything back; nothing of it changes the exit code.
func (r *execRun) end(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	r.noting.Wait()
	if r.rotation != nil {
		r.rotation.end(ctx)
	}
	if r.logins != nil {
		r.logins.end(ctx)
	}
	release(ctx, r.f, r.claim)
}
