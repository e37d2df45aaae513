package migrate

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
	"github.com/kyoli-gam/kyoli/internal/procid"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// Vault keeps what auth.json should hold while an OpenCode runs on
// OPENCODE_AUTH_CONTENT. Such an OpenCode writes what it has in that variable
// over the file whenever it stores anything, and with it empty refresh tokens
// and entries that are out of date. The vault takes in what is new, and puts
// back what was lost.
//
// There is one vault for each auth.json, shared by all runs, 0600, changed
// under a lock only, and kept until every child that uses it is dead.
type Vault struct {
	// Place is the auth.json and its state.
	Place
	// OnNote is told of errors that Watch goes on after. It may be nil.
	OnNote func(error)
}

// OpenVault is the vault for the auth.json at authPath, with its state in
// stateDir. It does no input or output.
func OpenVault(stateDir, authPath string) *Vault {
	return &Vault{Place: Place{StateDir: stateDir, AuthPath: authPath}}
}

// VaultRun is one run's use of a vault.
type VaultRun struct {
	vault *Vault
	id    string
}

// Begin registers a run and returns what to set OPENCODE_AUTH_CONTENT to: the
// chosen account without a refresh token, and auth.json's other entries, OAuth
// ones without theirs. unrenewable names those that cannot renew in this run.
// The run counts as alive while this process is, until [VaultRun.Attach]. A
// damaged auth.json is refused with an *[AuthDamagedError].
func (v *Vault) Begin(ctx context.Context, info RunInfo) (content string, unrenewable []string, run *VaultRun, err error) {
	if err := v.Sealing.Ready(); err != nil {
		return "", nil, nil, err
	}
	run = &VaultRun{vault: v, id: uuid.NewString()}
	err = v.under(ctx, func(s *session) error {
		now, _, err := s.change(ctx, nothing)
		if err != nil {
			return err
		}
		if s.vault == nil || !s.vault.inUse(v.now()) {
			s.vault = &vaultFile{Version: 1, Target: s.target, Lineage: lineage{}}
		}
		given, without, err := now.exported(info)
		if err != nil {
			return err
		}
		content, unrenewable = string(given.data), without
		s.vault.Runs = append(s.vault.Runs, &vaultRun{
			ID: run.id, Since: store.MillisOf(v.now()), Supervisor: procid.Self(), Content: content, Hidden: given.hidden,
		})
		return s.keep(now)
	})
	if err != nil {
		return "", nil, nil, err
	}
	return content, unrenewable, run, nil
}

// Attach makes the child the run's user: it has to happen before the child's
// first instruction, so that the vault outlives a kyoli that is killed.
func (r *VaultRun) Attach(ctx context.Context, child procid.Process) error {
	return r.vault.under(ctx, func(s *session) error {
		run := s.run(r.id)
		if run == nil {
			return &VaultError{Path: s.place.vaultPath(s.target), Reason: "the run is not in it"}
		}
		run.Child = &child
		return s.saveVault()
	})
}

// End takes in what the child wrote last, heals auth.json, and drops the vault
// when no other run uses it. Call it after the child's death, or when it was
// never started, with a context that a signal does not cancel.
func (r *VaultRun) End(ctx context.Context) error {
	return r.vault.under(ctx, func(s *session) error {
		run := s.run(r.id)
		if run == nil {
			return nil // healed and dropped by another command already
		}
		run.Ended = true
		return s.heal(ctx)
	})
}

func (s *session) run(id string) *vaultRun {
	if s.vault == nil {
		return nil
	}
	return s.vault.run(id)
}

// heal brings auth.json in order, and drops the vault when it has done its work.
func (s *session) heal(ctx context.Context) error {
	if err := s.saveVault(); err != nil {
		return err
	}
	if _, _, err := s.change(ctx, nothing); err != nil {
		return err
	}
	if s.vault.inUse(s.place.now()) {
		return nil
	}
	s.vault = nil
	return dropVault(s.place.vaultPath(s.target))
}

// Heal does for this auth.json what a kyoli that was killed could not do. It
// costs one stat where there is no vault.
func (v *Vault) Heal(ctx context.Context) error {
	if !exists(vaultDir(v.StateDir)) {
		return nil
	}
	target, err := v.target()
	if err != nil || !exists(v.vaultPath(target)) {
		return err
	}
	return v.under(ctx, func(s *session) error {
		if s.vault == nil || s.vault.attended(v.now()) {
			return nil
		}
		return s.heal(ctx)
	})
}

// attended tells whether a living kyoli watches auth.json anyhow.
func (v *vaultFile) attended(now time.Time) bool {
	for _, run := range v.Runs {
		if run.watched(now) {
			return true
		}
	}
	return false
}

// Heal heals every auth.json that has a vault in stateDir, whichever process
// made it. Every command calls it: it costs one stat where there is none.
// Errors of several vaults are joined.
func Heal(ctx context.Context, stateDir string, sealing store.Sealing) error {
	files, err := os.ReadDir(vaultDir(stateDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, file := range files {
		path := filepath.Join(vaultDir(stateDir), vaultOf(file.Name()))
		v, readErr := readSealedVault(path)
		switch {
		case readErr != nil:
			err = errors.Join(err, readErr)
		case v == nil: // only what a vault's first writer left when it died
			err = errors.Join(err, atomicfile.Sweep(path))
		case !v.attended(time.Now()):
			vault := OpenVault(stateDir, v.Target)
			vault.Sealing = sealing
			err = errors.Join(err, vault.Heal(ctx))
		}
	}
	_ = os.Remove(vaultDir(stateDir)) // refused while there is anything in it
	return err
}

// vaultOf is the vault that a file in the directory is, or was to become.
func vaultOf(name string) string {
	if i := strings.Index(name, ".json."); i >= 0 {
		return strings.TrimPrefix(name[:i+len(".json")], ".")
	}
	return name
}
