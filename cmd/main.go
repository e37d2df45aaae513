// Package cmd is kyoli's command line: one file a command (constructor, options,
// runner), the exit codes, and the only code that touches the process's streams,
// flags and environment. It promises data on stdout and everything else on
// stderr, documented exit codes, and that no secret is ever printed.
package cmd

import (
	"context"
	"errors"

	"github.com/kyoli-gam/kyoli/internal/nodump"
)

// Main runs kyoli with the process's streams and environment and returns its
// exit code. version is what the release build was given, "" for any other.
func Main(version string, args []string) int {
	nodump.Set()
	f := newOSFactory(version)
	ctx, end := f.watchSignals(context.Background())
	return end(f.Run(ctx, args))
}

// Run runs one command line and returns its exit code (see exitcodes.go).
func (f *Factory) Run(ctx context.Context, args []string) int {
	root := newRootCmd(f)
	root.SetArgs(args)
	root.SetIn(f.In)
	root.SetOut(f.Out)
	root.SetErr(f.Err)
	f.args = args
	err := refuseSecrets(args)
	f.signals.caught.Wait() // before anything is done that a signal must not cut short
	cmd := root
	if err == nil {
		cmd, err = root.ExecuteContextC(ctx)
	}
	if err == nil {
		return exitOK
	}
	if cause := context.Cause(ctx); cause != nil && errors.Is(err, context.Canceled) {
		err = failf(exitCancelled, "", "%w", cause)
	}
	f.reportError(cmd, err, args)
	return exitCode(err)
}
