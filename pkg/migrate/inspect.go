package migrate

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

// Agreement is how auth.json's login for a provider compares with kyoli's accounts.
type Agreement string

const (
	// AgreeNone means that auth.json has no login for the provider.
	AgreeNone Agreement = "none"
	// AgreeSame means that it has the very credential of an account.
	AgreeSame Agreement = "same"
	// AgreeNewer means that OpenCode has renewed an account's login by itself.
	AgreeNewer Agreement = "newer"
	// AgreeOutdated means that it has a credential that kyoli has renewed, or given up.
	AgreeOutdated Agreement = "outdated"
	// AgreeForeign means that it has a login that is none of kyoli's accounts'.
	AgreeForeign Agreement = "foreign"
)

var agreements = map[relation]Agreement{
	absent: AgreeNone, held: AgreeSame, rotated: AgreeNewer, outdated: AgreeOutdated, foreign: AgreeForeign,
}

// Standing is auth.json's login for one provider.
type Standing struct {
	// Provider is kyoli's name for it, Key the entry in auth.json, Type the entry's type.
	Provider, Key string
	Type          EntryType
	Agreement     Agreement
	// Account is the account that it is or was of, nil where there is none.
	Account *store.Account
}

// Compare holds auth.json against kyoli's accounts, by what each was when it was looked at. Nothing is written, and no
// lock taken. A file that cannot be read is looked at again for a second at most, because OpenCode may be in the middle
// of writing it; then the error is *[AuthDamagedError].
func Compare(ctx context.Context, p Place, logins []Login) ([]Standing, error) {
	f, err := p.readSettled(ctx)
	if err != nil {
		return nil, err
	}
	target, err := p.target()
	if err != nil {
		return nil, err
	}
	book, err := readLedger(p.ledgerPath(target), target)
	if err != nil {
		return nil, err
	}
	var all []Standing
	for _, l := range logins {
		accounts, err := l.Backend.Peek(ctx)
		if err != nil {
			continue // whoever looks at the accounts says so
		}
		s := Standing{Provider: l.Provider, Key: l.Key, Agreement: AgreeNone}
		if e, ok := f.Entry(l.Key); ok {
			r, a := l.classify(e, book, accounts)
			s.Type, s.Agreement, s.Account = e.Type, agreements[r], a
		}
		all = append(all, s)
	}
	return all, nil
}

// readSettled reads auth.json, and a torn one again until it is whole.
func (p Place) readSettled(ctx context.Context) (*AuthFile, error) {
	for start := time.Now(); ; {
		f, err := ReadAuth(p.AuthPath)
		var torn *AuthDamagedError
		if !errors.As(err, &torn) || time.Since(start) > settleDamaged {
			return f, err
		}
		if err := pause(ctx, settlePause); err != nil {
			return nil, err
		}
	}
}

// VaultState is a vault that is there.
type VaultState struct {
	// Path is the vault, Target the auth.json that it is for.
	Path, Target string
	// Err is why it cannot be read, a *[VaultError] or the system's.
	Err error
	// Runs is how many runs may still use it. Attended is whether a living kyoli looks after it; else the next command
	// heals auth.json and, where no run is left, removes it.
	Runs     int
	Attended bool
}

// Vaults are the vaults in stateDir. Nothing is changed.
func Vaults(stateDir string) ([]VaultState, error) {
	files, err := os.ReadDir(vaultDir(stateDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []VaultState
	now := time.Now()
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".json") || strings.HasPrefix(file.Name(), ".") {
			continue
		}
		s := VaultState{Path: filepath.Join(vaultDir(stateDir), file.Name())}
		v, err := readSealedVault(s.Path)
		switch {
		case err != nil:
			s.Err = err
		case v == nil: // it went just now
			continue
		default:
			s.Target, s.Attended = v.Target, v.attended(now)
			for _, run := range v.Runs {
				if run.alive(now) {
					s.Runs++
				}
			}
		}
		all = append(all, s)
	}
	return all, nil
}
