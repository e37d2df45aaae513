package cmd

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/kyoli-gam/kyoli/internal/shellquote"
	"github.com/kyoli-gam/kyoli/pkg/migrate"
)

// checkAuth holds OpenCode's auth.json against the accounts.
func (d *doctor) checkAuth(ctx context.Context) {
	place, err := d.f.authPlace("")
	if err != nil {
		return // without a home there is no OpenCode
	}
	d.seen.files = append(d.seen.files, place.AuthPath, d.f.proxyKeys().Path)
	d.seen.own = append(d.seen.own, d.f.eventLogPath(), d.f.eventLogPath()+".1")
	d.seen.dirs = append(d.seen.dirs, place.StateDir, filepath.Join(place.StateDir, "auth-json"))
	var logins []migrate.Login
	for _, p := range d.patients {
		if p.adapter != nil {
			logins = append(logins, migrate.Login{Provider: p.id, Key: p.adapter.AuthJSONKey, Backend: p.store, Identify: identifyBy(p.adapter)})
		}
	}
	standings, err := migrate.Compare(ctx, place, logins)
	x := finding{Severity: severityWarning, File: place.AuthPath, Why: "OpenCode takes it for a file without logins, and kyoli leaves it as it is"}
	var damaged *migrate.AuthDamagedError
	switch {
	case ctx.Err() != nil:
		return
	case errors.As(err, &damaged):
		x.ID, x.Message, x.Fix = "authjson-damaged", fmt.Sprintf("is damaged at byte %d: %s", damaged.Offset, damaged.Reason), damaged.Hint()
		d.found(x)
		return
	case err != nil:
		d.found(unreadable(x, err))
		return
	}
	for _, s := range standings {
		d.checkStanding(place, s)
	}
}

func (d *doctor) checkStanding(place migrate.Place, s migrate.Standing) {
	x := finding{Severity: severityWarning, Provider: s.Provider, File: place.AuthPath}
	provider := " --provider " + shellquote.Word(s.Provider)
	whose := "an account that is gone"
	if s.Account != nil {
		x.Account, whose = s.Account.UUID, s.Account.Name()
	}
	switch {
	case s.Agreement == migrate.AgreeNewer:
		x.ID, x.Message = "authjson-newer", "has a newer login of "+whose+": OpenCode renewed it by itself"
		x.Why, x.Fix = "kyoli's own is spent, and is brought up to date when it is needed, or now", "kyoli sync-auth"+provider
	case s.Agreement == migrate.AgreeOutdated:
		x.ID, x.Message = "authjson-outdated", "has a login of "+whose+" that was renewed, or given up"
		x.Why, x.Fix = "a plain opencode fails with it once its access token has expired", "kyoli sync-auth"+provider
	case s.Agreement == migrate.AgreeForeign && s.Type == migrate.OAuth:
		x.ID, x.Severity, x.Message = "authjson-foreign", severityNote, "has a login for "+s.Key+" that is none of kyoli's accounts"
		x.Why, x.Fix = "kyoli can take it over, and does not touch it before", "kyoli migrate auth-json"+provider+" --merge"
	default:
		return
	}
	d.found(x)
}

// checkVaults looks at the logins that runs of OpenCode must not lose.
func (d *doctor) checkVaults(ctx context.Context) {
	state := d.f.stateDir()
	if !filepath.IsAbs(state) || ctx.Err() != nil {
		return
	}
	vaults, err := migrate.Vaults(state)
	if err != nil {
		d.found(unreadable(finding{Severity: severityError, File: filepath.Join(state, "vault"), Why: "it holds logins that OpenCode must not lose"}, err))
		return
	}
	if len(vaults) > 0 {
		d.seen.dirs = append(d.seen.dirs, filepath.Dir(vaults[0].Path))
	}
	for _, v := range vaults {
		d.seen.files = append(d.seen.files, v.Path)
		d.checkVault(state, v)
	}
}

func (d *doctor) checkVault(state string, v migrate.VaultState) {
	x := finding{File: v.Path}
	var damaged *migrate.VaultError
	switch {
	case errors.As(v.Err, &damaged):
		x.ID, x.Severity, x.Message = "vault-damaged", severityError, "cannot be read: "+damaged.Reason
		x.Why, x.Fix = "it may hold the only copy of a login of OpenCode's", damaged.Hint()
	case v.Err != nil:
		x.Severity, x.Why = severityError, "it may hold the only copy of a login of OpenCode's"
		x = unreadable(x, v.Err)
	case v.Attended:
		return
	case v.Runs > 0:
		x.ID, x.Severity = "vault-unattended", severityNote
		x.Message = fmt.Sprintf("%s of OpenCode, whose kyoli was killed, may still change %s", counted(v.Runs, "run"), v.Target)
		x.Why, x.Fix = "what it writes over the file is put right by the next kyoli command", "kyoli accounts list"
	default:
		x.ID, x.Severity = "vault-left", severityWarning
		x.Message = "keeps logins for " + v.Target + " of a run whose kyoli was killed"
		x.Why = "what that run wrote over the file last is not put right yet"
		x.mend = func(ctx context.Context) (string, error) {
			return "put right, and removed", migrate.Heal(ctx, state, d.f.sealing())
		}
	}
	d.found(x)
}
