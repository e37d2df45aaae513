package cmd

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kyoli-gam/kyoli/internal/shellquote"
	"github.com/kyoli-gam/kyoli/pkg/claims"
)

// checkClaims looks at who holds the accounts.
func (d *doctor) checkClaims(ctx context.Context, p patient) {
	d.seen.own = append(d.seen.own, p.claims.Path(), p.claims.PluginPath())
	v, err := p.claims.View(ctx)
	var version *claims.VersionError
	x := finding{Severity: severityError, Provider: p.id, File: p.claims.Path(), Why: "no account can be chosen without the claims"}
	switch {
	case errors.As(err, &version):
		x.ID, x.Message, x.Fix = "claims-version", fmt.Sprintf("has version %d, which this kyoli does not know", version.Version), version.Hint()
		d.found(x)
		return
	case err != nil:
		d.found(unreadable(x, err))
		return
	}
	for _, n := range v.Notes {
		d.found(finding{
			ID: "claims-damaged", Severity: severityWarning, Provider: p.id, File: n.File,
			Message: strings.TrimPrefix(n.Text, n.File+" "), Why: "accounts that others hold look free until those renew their claims",
			mend: func(ctx context.Context) (string, error) {
				_, err := p.claims.GC(ctx)
				return "begun anew; the damaged content is kept beside it", err
			},
		})
	}
	for _, h := range v.Dead {
		d.found(finding{
			ID: "claims-dead", Severity: severityWarning, Provider: p.id, Account: h.UUID, File: p.claims.Path(),
			Message: fmt.Sprintf("process %d (session %s) is dead: %s", h.PID, h.ID, h.Why),
			Why:     "it counts for nothing in kyoli, but the plugins may still believe it",
			Fix:     "kyoli claims gc --provider " + shellquote.Word(p.id),
			mend: func(ctx context.Context) (string, error) {
				_, err := p.claims.GC(ctx)
				return "taken out", err
			},
		})
	}
	d.checkPlugins(p, v)
}

// checkPlugins tells of OpenCodes with a plugin that work on the same accounts.
func (d *doctor) checkPlugins(p patient, v claims.View) {
	for _, uuid := range slices.Sorted(maps.Keys(v.Holders)) {
		for _, h := range v.Holders[uuid] {
			if !h.Foreign {
				continue
			}
			d.found(finding{
				ID: "plugin-active", Severity: severityNote, Provider: p.id, Account: uuid, File: p.claims.PluginPath(),
				Message: fmt.Sprintf("an OpenCode with the plugin runs (process %d) and holds the account", h.PID),
				Why:     "both work on the same accounts, which the plugin guards less well",
				Fix:     "kyoli claims list --provider " + shellquote.Word(p.id),
			})
		}
	}
}
