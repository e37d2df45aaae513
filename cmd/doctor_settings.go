package cmd

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/kyoli-gam/kyoli/internal/shellquote"
	"github.com/kyoli-gam/kyoli/pkg/config"
	"github.com/kyoli-gam/kyoli/pkg/manager/pools"
)

// checkSettings looks at kyoli.yaml, and at the plugins' settings that stand in for what is not in it.
func (d *doctor) checkSettings() {
	file := filepath.Join(d.dir, config.FileName)
	d.seen.own = append(d.seen.own, file)
	if d.settings != nil {
		d.found(wrongSettings(file, d.settings, "most commands refuse to run; what follows was found with the built-in adapters"))
	}
	if d.config == nil {
		return
	}
	for _, p := range d.patients {
		if p.adapter == nil {
			continue
		}
		d.seen.own = append(d.seen.own, filepath.Join(d.dir, p.adapter.PluginConfigFile))
		if _, err := d.config.For(p.id, p.adapter.PluginConfigFile); err != nil {
			x := wrongSettings(filepath.Join(d.dir, p.adapter.PluginConfigFile), err, "commands that use "+p.id+" refuse to run")
			x.Provider = p.id
			d.found(x)
		}
	}
}

func wrongSettings(file string, err error, why string) finding {
	x := finding{ID: "settings-invalid", Severity: severityError, File: file, Why: why, Fix: edit(file)}
	x.Message = strings.TrimPrefix(err.Error(), file+": ")
	var wrong *config.Error
	if errors.As(err, &wrong) && wrong.File != "" {
		x.File, x.Fix = wrong.File, edit(wrong.File)
		bare := *wrong
		bare.File = ""
		if x.Message = bare.Error(); wrong.Line > 0 {
			x.Message = fmt.Sprintf("line %d: %s", wrong.Line, x.Message)
		}
	}
	return x
}

// edit is the command that opens a file in the user's editor.
func edit(file string) string {
	if runtime.GOOS == "windows" {
		return `notepad "` + file + `"`
	}
	return "${EDITOR:-vi} " + shellquote.Word(file)
}

// checkPools looks at the pools in force: that they can be read, and name what there is.
func (d *doctor) checkPools(ctx context.Context) {
	files := d.poolFiles()
	d.seen.own = append(d.seen.own, files...)
	file := files[len(files)-1]
	c, err := pools.Open(file, pools.Options{}).Load(ctx)
	var damaged *pools.DamagedError
	switch {
	case errors.As(err, &damaged):
		d.found(finding{
			ID: "pools-damaged", Severity: severityError, File: file, Message: strings.TrimPrefix(err.Error(), file+" "),
			Why: "no pool and no chain can be used", Fix: damaged.Hint(),
		})
		return
	case err != nil:
		d.found(unreadable(finding{Severity: severityError, File: file, Why: "no pool and no chain can be used"}, err))
		return
	}
	for _, problem := range c.Check(d.memberUUIDs) {
		d.found(finding{
			ID: "pools-unknown", Severity: severityWarning, File: file, Message: problem.Text,
			Why: "it is passed over", Fix: problem.Fix,
		})
	}
}

// memberUUIDs are the uuids that pools may have for a provider's accounts.
func (d *doctor) memberUUIDs(id string) (uuids map[string]bool, known bool) {
	i, ok := d.seen.accounts[id]
	if !ok {
		_, err := d.registry.Get(id)
		return nil, err == nil // --provider left it out
	}
	if i.Err != nil {
		return nil, true
	}
	uuids = map[string]bool{}
	for _, a := range i.Accounts.List {
		uuids[a.UUID], uuids[a.CredentialOwnerID] = true, true
	}
	return uuids, true
}
