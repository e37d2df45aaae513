package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/kyoli-gam/kyoli/internal/shellquote"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// checkAccounts looks at a provider's accounts, and what lies beside them.
func (d *doctor) checkAccounts(ctx context.Context, p patient) {
	i, err := p.store.Inspect(ctx)
	if err != nil {
		i = &store.Inspection{Path: p.store.Path(), Err: err}
	}
	d.seen.accounts[p.id] = i
	d.seen.files = append(d.seen.files, i.Files()...)
	d.checkContent(p, i)
	d.checkLastGood(p, i)
	d.checkJournal(p, i)
	if i.Err == nil {
		d.checkEntries(p, i)
		d.checkLocked(p, i)
		d.checkLogins(p, i)
	}
	for _, backup := range i.Backups {
		d.found(finding{
			ID: "backup-kept", Severity: severityNote, Provider: p.id, File: backup,
			Message: "is a copy of accounts that were damaged, were removed, or had one uuid twice", Why: "it holds tokens, and nothing removes it",
			Fix: "rm " + shellquote.Word(backup),
		})
	}
}

// checkContent says why the accounts cannot be read, or not be written.
func (d *doctor) checkContent(p patient, i *store.Inspection) {
	x := finding{Severity: severityError, Provider: p.id, File: i.Path, Why: "no command can use its accounts"}
	var damaged *store.DamagedError
	var version *store.VersionError
	switch {
	case errors.As(i.Err, &damaged):
		x.ID, x.Message = "accounts-damaged", damage(damaged)
		x.Fix = moveAway(i.Path)
		if damaged.LastGood != "" {
			x.Fix, x.mend = "", restore(p)
		}
	case errors.As(i.Err, &version):
		x.ID, x.Message, x.Fix = "accounts-version", "has version "+version.Version+", which this kyoli does not know", version.Hint()
	case i.Err != nil:
		x = unreadable(x, i.Err)
	case i.Version != "":
		x.ID, x.Severity, x.Message = "accounts-version", severityWarning, "has version "+i.Version+", and is read, but not changed"
		x.Why, x.Fix = "a token that is renewed could not be kept, so none is", (&store.VersionError{}).Hint()
	case i.Missing && i.LastGoodAccounts > 0:
		x.ID, x.Severity = "accounts-missing", severityWarning
		x.Message = fmt.Sprintf("is not there, but the last good copy of it is, with %d accounts", i.LastGoodAccounts)
		x.Why, x.Fix = "somebody removed it, or moved it away", "cp -p "+shellquote.Word(i.LastGood)+" "+shellquote.Word(i.Path)
	default:
		return
	}
	d.found(x)
}

// damage is a DamagedError without the path.
func damage(e *store.DamagedError) string {
	where := fmt.Sprintf(" at byte %d", e.Offset)
	if e.Pointer != "" {
		where += " (" + e.Pointer + ")"
	}
	return "is damaged: " + e.Reason + where
}

func moveAway(path string) string {
	return "mv " + shellquote.Word(path) + " " + shellquote.Word(path+".damaged")
}

func restore(p patient) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		done, err := p.store.Restore(ctx)
		if err != nil || done == nil {
			return "it can be read again", err // by somebody else's doing
		}
		return fmt.Sprintf("restored %s; the damaged content is in %s", counted(done.Accounts, "account"), done.Backup), nil
	}
}

// unreadable is what the system refuses to read.
func unreadable(x finding, err error) finding {
	x.ID = "unreadable"
	var read *store.ReadError
	if errors.As(err, &read) {
		err = read.Err
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	x.Message = "cannot be read: " + err.Error()
	x.Fix = "ls -ld " + shellquote.Word(x.File)
	if errors.Is(err, fs.ErrPermission) && mine(x.File) {
		x.Fix = "chmod 600 " + shellquote.Word(x.File)
	}
	return x
}

func (d *doctor) checkLastGood(p patient, i *store.Inspection) {
	if i.LastGoodErr == nil {
		return
	}
	x := finding{
		Severity: severityWarning, Provider: p.id, File: i.LastGood,
		Why: "should the accounts be damaged, there is nothing to restore them from",
	}
	var damaged *store.DamagedError
	if !errors.As(i.LastGoodErr, &damaged) {
		d.found(unreadable(x, i.LastGoodErr))
		return
	}
	x.ID, x.Message, x.Fix = "last-good-damaged", damage(damaged), moveAway(i.LastGood)
	if i.Err == nil && !i.Missing {
		x.Fix, x.mend = "", func(ctx context.Context) (string, error) {
			return "made anew from the accounts; the damaged content is kept beside it", p.store.RenewLastGood(ctx)
		}
	}
	d.found(x)
}

// checkEntries finds accounts that are there twice.
func (d *doctor) checkEntries(p patient, i *store.Inspection) {
	for _, a := range i.Duplicates {
		d.found(finding{
			ID: "uuid-duplicate", Severity: severityWarning, Provider: p.id, Account: a.UUID, File: i.Path,
			Message: "there are several entries with the uuid of " + a.Name(),
			Why:     "the one used last counts, and the others' logins are of no use", mend: merge(p),
		})
	}
	for _, group := range i.Shared {
		oldest := group[0]
		var names []string
		for _, a := range group {
			if names = append(names, a.Name()); a.LastUsed < oldest.LastUsed {
				oldest = a
			}
		}
		d.found(finding{
			ID: "token-shared", Severity: severityWarning, Provider: p.id, Account: oldest.UUID, File: i.Path,
			Message: strings.Join(names, " and ") + " have one refresh token", Why: "they are one login: a limit of one is the other's, and who renews it ends it for the other",
			Fix: "kyoli accounts rm " + shellquote.Word(oldest.UUID) + " --provider " + shellquote.Word(p.id),
		})
	}
}

func merge(p patient) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		done, err := p.store.MergeDuplicates(ctx)
		if err != nil || done == nil {
			return "taken out with the others", err
		}
		return fmt.Sprintf("took out %s; the content before is in %s", counted(done.Removed, "older entry"), done.Backup), nil
	}
}

// checkLocked finds accounts with tokens that were sealed with another key.
func (d *doctor) checkLocked(p patient, i *store.Inspection) {
	for _, l := range i.Locked {
		d.found(finding{
			ID: "token-locked", Severity: severityError, Provider: p.id, Account: l.Account.UUID, File: i.Path,
			Message: "a token of " + l.Account.Name() + " cannot be opened: " + l.Err.Error(),
			Why:     "nothing is done with the account until its key is back, or somebody logs in again",
			Fix:     logIn(p, l.Account),
		})
	}
}

// checkLogins finds accounts of which somebody has to log in again.
func (d *doctor) checkLogins(p patient, i *store.Inspection) {
	need := func(a *store.Account, why string) {
		d.found(finding{
			ID: "login-needed", Severity: severityWarning, Provider: p.id, Account: a.UUID, File: i.Path,
			Message: a.Name() + " needs a new login: " + why, Why: "it is passed over until then",
			Fix: logIn(p, a),
		})
	}
	told := map[string]bool{}
	for _, a := range i.Accounts.List {
		switch {
		case !a.Enabled:
			continue // the user does without it
		case a.RefreshToken == "":
			need(a, "it has no refresh token")
		case a.IsAuthDisabled && a.AuthDisabledReason != "":
			need(a, a.AuthDisabledReason)
		case a.IsAuthDisabled:
			need(a, "the provider refused its token")
		default:
			continue
		}
		told[a.UUID] = true
	}
	for _, a := range i.Spent {
		if a.Enabled && !told[a.UUID] {
			need(a, "its refresh token was spent, and what came of it is gone")
		}
	}
}

// logIn is the command that takes a new login for an account.
func logIn(p patient, a *store.Account) string {
	if p.adapter != nil && (p.adapter.AuthorizeURL != "" || p.adapter.DeviceURL != "") {
		return "kyoli login " + shellquote.Word(p.id) + " --account " + shellquote.Word(a.UUID)
	}
	return "kyoli accounts add --provider " + shellquote.Word(p.id) + " < account.json"
}

// counted is a number of things: "1 account", "2 accounts", "2 older entries".
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	if stem, ok := strings.CutSuffix(what, "y"); ok {
		what = stem + "ie"
	}
	return fmt.Sprintf("%d %ss", n, what)
}
