package cmd

import (
	"context"
	"fmt"
	"time"

	"github.com/kyoli-gam/kyoli/internal/shellquote"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// checkJournal looks at the journal of token rotations.
func (d *doctor) checkJournal(p patient, i *store.Inspection) {
	if i.JournalErr != nil {
		d.found(unreadable(finding{
			Severity: severityError, Provider: p.id, File: i.JournalDir,
			Why: "a token whose rotation was cut short is found there alone",
		}, i.JournalErr))
		return
	}
	for _, e := range i.Journal {
		if x, ok := journalFinding(p, i, e); ok {
			d.found(x)
		}
	}
	for _, a := range i.Outdated {
		d.found(finding{
			ID: "journal-pending", Severity: severityWarning, Provider: p.id, Account: a.UUID, File: i.Path,
			Message: a.Name() + " has a token that was spent; what came of it is in the journal",
			Why:     "another program wrote an old token over the new one", mend: replay(p),
		})
	}
}

func journalFinding(p patient, i *store.Inspection, e store.JournalEntry) (finding, bool) {
	x := finding{Severity: severityNote, Provider: p.id, File: e.File}
	whose := "an account that is gone"
	if e.Account != nil {
		x.Account, whose = e.Account.UUID, e.Account.Name()
	} else if i.Err != nil {
		whose = "an account"
	}
	when := e.At.UTC().Format(time.RFC3339)
	switch e.State {
	case store.JournalAsked:
		x.ID, x.Severity = "journal-open", severityWarning
		x.Message = fmt.Sprintf("a request to renew the token of %s, of %s, has no answer", whose, when)
		x.Why = "the token may be spent; kyoli asks once more when it needs it, or now"
		x.Fix = "kyoli refresh --force " + shellquote.Word(x.Account) + " --provider " + shellquote.Word(p.id)
		if e.Account == nil { // there is nothing left to renew
			x.Severity, x.Fix = severityNote, "kyoli refresh --all --provider "+shellquote.Word(p.id)
		}
	case store.JournalPending:
		x.ID, x.Severity = "journal-pending", severityWarning
		x.Message = fmt.Sprintf("the answer to a request for %s, of %s, is not in the accounts yet", whose, when)
		x.Why, x.mend = "the next command that opens the accounts puts it there", replay(p)
		if i.Err != nil {
			x.Severity, x.Fix, x.mend = severityNote, fixCommand, nil
			x.Why = "it is put there once they can be read"
		}
	case store.JournalSpare:
		x.ID, x.Message = "journal-spare", fmt.Sprintf("a token of %s, of %s, is kept as a spare", whose, when)
		x.Why, x.Fix = "it is tried when the account's own token has died", "kyoli accounts list --provider "+shellquote.Word(p.id)
	case store.JournalAside:
		x.ID, x.Message = "journal-aside", "an entry that could not be read, set aside at "+when
		x.Why, x.Fix = "it may hold a token, for which people can look; kyoli leaves it alone", "less "+shellquote.Word(e.File)
	case store.JournalLater:
		x.ID, x.Message = "journal-later", "an entry of a newer kyoli"
		x.Why, x.Fix = "this one leaves it alone", (&store.VersionError{}).Hint()
	case store.JournalUnreadable:
		x.ID, x.Severity, x.Message = "unreadable", severityWarning, "cannot be read"
		x.Why, x.Fix = "it may hold the newest token of "+whose, "ls -ld "+shellquote.Word(e.File)
	default:
		return x, false
	}
	return x, true
}

// replay is what every command that opens the accounts does.
func replay(p patient) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		_, err := p.store.Load(ctx)
		return "worked into the accounts", err
	}
}
