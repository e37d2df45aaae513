package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/internal/filelock"
	"github.com/kyoli-gam/kyoli/internal/seal"
	"github.com/kyoli-gam/kyoli/internal/termtext"
	"github.com/kyoli-gam/kyoli/pkg/claims"
	"github.com/kyoli-gam/kyoli/pkg/config"
	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/manager/pools"
	"github.com/kyoli-gam/kyoli/pkg/migrate"
	"github.com/kyoli-gam/kyoli/pkg/provider"
	"github.com/kyoli-gam/kyoli/pkg/proxy"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// cmdError is an error that a command itself detects, with what the table of
// typed errors cannot know: the exit code and the way out.
type cmdError struct {
	code   int
	err    error
	hint   string
	usage  bool // a wrong flag: the usage line follows the message
	silent bool // already told, or the child's own exit code
}

func (e *cmdError) Error() string { return e.err.Error() }
func (e *cmdError) Unwrap() error { return e.err }

// Hint says what the user can do, "" = nothing is known to help.
func (e *cmdError) Hint() string { return e.hint }

// failf is an error with its exit code and a hint ("" = none): a command that
// can be pasted.
func failf(code int, hint, format string, args ...any) error {
	return &cmdError{code: code, hint: hint, err: fmt.Errorf(format, args...)}
}

// usageErrorf is exit code 2 for wrong arguments.
func usageErrorf(hint, format string, args ...any) error {
	return failf(exitUsage, hint, format, args...)
}

// flagErrorf is exit code 2 for a wrong flag; the usage line is printed with it.
func flagErrorf(format string, args ...any) error {
	return &cmdError{code: exitUsage, usage: true, err: fmt.Errorf(format, args...)}
}

// withHint adds a hint to an error and leaves its exit code to the table.
func withHint(err error, hint string) error {
	return &cmdError{code: -1, err: err, hint: hint}
}

// exitWith ends kyoli with code and says nothing more: what there was to say has
// been said line by line, or the code is the child's.
func exitWith(code int) error {
	return &cmdError{code: code, silent: true, err: fmt.Errorf("exit code %d", code)}
}

// codeTable maps the typed errors of the packages to exit codes, in order; the
// first that matches wins.
var codeTable = []func(error) (int, bool){
	as[*seal.KeyError](exitNoKey),
	as[*store.SealedError](exitNoKey),
	as[*inputError](exitUsage),
	as[*store.AmbiguousAccountError](exitUsage),
	as[*provider.UnknownProviderError](exitUsage),
	as[*provider.AdapterError](exitUsage),
	as[*config.Error](exitUsage),
	as[*manager.UnknownStrategyError](exitUsage),
	as[*manager.LabelTakenError](exitUsage),
	as[*pools.NotFoundError](exitUsage),
	as[*pools.NameError](exitUsage),
	as[*pools.PlaceError](exitUsage),
	as[*proxy.NameTakenError](exitUsage),
	as[*proxy.BadNameError](exitUsage),
	as[*proxy.KeyFileError](exitDamaged),
	as[*manager.NoAccountsError](exitLogin),
	as[*manager.LoginNeededError](exitLogin),
	as[*manager.SpentLoginError](exitLogin),
	as[*store.SpentError](exitLogin),
	as[*store.UnknownAccountError](exitNoAccount),
	as[*manager.NoUsableError](exitNoUsable),
	as[*manager.PoolUnusableError](exitNoUsable),
	as[*filelock.LockedError](exitLocked),
	as[*store.DamagedError](exitDamaged),
	as[*pools.DamagedError](exitDamaged),
	as[*store.VersionError](exitDamaged),
	as[*claims.VersionError](exitDamaged),
	as[*migrate.VaultError](exitDamaged),
	as[*migrate.IncompleteError](exitLogin),
	as[*migrate.SourceError](exitUsage),
	sealed,
	noneToSync,
	as[*migrate.BusyError](exitTryLater),
	transient,
	is(context.Canceled, exitCancelled),
}

// transient is a refresh that may go well later. A store that broke underneath
// it, or a lock that was not to be had, has been found before.
func transient(err error) (int, bool) {
	var refresh *manager.RefreshError
	return exitTryLater, errors.As(err, &refresh) && refresh.Transient
}

// sealed is an encrypted file that cannot be opened: it is damaged, or the key is
// another.
func sealed(err error) (int, bool) {
	var e *migrate.SealError
	if errors.As(err, &e) && e.Damaged {
		return exitDamaged, true
	}
	return exitGeneral, e != nil
}

// noneToSync is sync-auth without an account to write: there is none, or none
// that can be used.
func noneToSync(err error) (int, bool) {
	var none *migrate.NoAccountError
	if errors.As(err, &none) && none.Some {
		return exitNoUsable, true
	}
	return exitLogin, none != nil
}

func is(target error, code int) func(error) (int, bool) {
	return func(err error) (int, bool) { return code, errors.Is(err, target) }
}

func as[T error](code int) func(error) (int, bool) {
	return func(err error) (int, bool) {
		var target T
		return code, errors.As(err, &target)
	}
}

// exitCode is the one place where an error becomes an exit code.
func exitCode(err error) int {
	if err == nil {
		return exitOK
	}
	var own *cmdError
	if errors.As(err, &own) && own.code >= 0 {
		return own.code
	}
	for _, match := range codeTable {
		if code, ok := match(err); ok {
			return code
		}
	}
	return exitGeneral
}

// hintOf is the hint of the outermost error that carries one.
func hintOf(err error) string {
	for err != nil {
		var h interface{ Hint() string }
		if !errors.As(err, &h) {
			return ""
		}
		if hint := h.Hint(); hint != "" {
			return hint
		}
		inner, ok := h.(interface{ Unwrap() error })
		if !ok {
			return ""
		}
		err = inner.Unwrap()
	}
	return ""
}

// reportError writes a failure to stderr: "kyoli: …" and "hint: …", or one JSON
// object where JSON was asked for.
func (f *Factory) reportError(cmd *cobra.Command, err error, args []string) {
	var own *cmdError
	if errors.As(err, &own) && own.silent {
		return
	}
	if f.opts.wantsJSON() || slices.Contains(beforeDashes(args), "--json") {
		f.reportJSON(err)
		return
	}
	message := cleanLines(err.Error())
	fmt.Fprintf(f.Err, "kyoli: %s\n", message)
	if own != nil && own.usage && cmd != nil {
		fmt.Fprint(f.Err, cmd.UsageString())
	}
	if hint := hintOf(err); hint != "" {
		fmt.Fprintf(f.Err, "hint: %s\n", cleanLines(hint))
	}
}

func (f *Factory) reportJSON(err error) {
	type body struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
		Hint    string `json:"hint,omitempty"`
	}
	out, _ := json.Marshal(map[string]body{ //nolint:errchkjson // strings and an int
		"error": {Code: exitCode(err), Message: err.Error(), Hint: hintOf(err)},
	})
	fmt.Fprintf(f.Err, "%s\n", escapeHarmful(out))
}

// cleanLines is termtext.Clean for text whose line breaks are meant.
func cleanLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = termtext.Clean(line)
	}
	return strings.Join(lines, "\n")
}

// beforeDashes is what belongs to kyoli: after "--" come a child's arguments.
func beforeDashes(args []string) []string {
	if i := slices.Index(args, "--"); i >= 0 {
		return args[:i]
	}
	return args
}
