package migrate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"time"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
)

// session is one holder's time with auth.json, under the lock.
type session struct {
	place  Place
	target string
	ledger *ledger
	// vault is nil while no run uses one.
	vault *vaultFile
	saved []byte // the vault as it is on disk
}

// load reads ledger and vault.
func (s *session) load() (err error) {
	if s.ledger, err = readLedger(s.place.ledgerPath(s.target), s.target); err != nil {
		return err
	}
	s.vault, err = readVault(s.place.vaultPath(s.target), s.place.Sealing)
	s.saved, _ = json.Marshal(s.vault)
	return err
}

func (s *session) saveLedger() error {
	path := s.place.ledgerPath(s.target)
	return errors.Join(sweepOwn(path), s.ledger.save(path))
}

// saveVault writes the vault if it changed.
func (s *session) saveVault() error {
	now, err := json.Marshal(s.vault)
	if err != nil || bytes.Equal(now, s.saved) && (s.vault == nil || !s.vault.misplaced) {
		return err
	}
	path := s.place.vaultPath(s.target)
	if err := errors.Join(makeParent(path), sweepOwn(path)); err != nil {
		return err
	}
	err = s.vault.save(path, s.place.Sealing)
	if errors.Is(err, fs.ErrNotExist) { // another vault's end took the directory
		err = errors.Join(makeParent(path), s.vault.save(path, s.place.Sealing))
	}
	if err != nil {
		return err
	}
	s.saved, s.vault.misplaced = now, false
	return nil
}

// plan says what is to change in a file. It may be asked several times, each
// time with a newer content.
type plan func(*AuthFile) ([]change, error)

// nothing is the plan of those who only want the file seen, and healed.
func nothing(*AuthFile) ([]change, error) { return nil, nil }

// tries bounds how often a file that changes under way is read again.
const tries = 50

// change brings auth.json from what it is to what it should be: what the vault
// knows, with the plan's changes. It returns what the file holds after that,
// and whether it had to be written.
func (s *session) change(ctx context.Context, plan plan) (now *AuthFile, wrote bool, err error) {
	start := time.Now()
	var race race
	for range tries {
		seen, file, err := s.observe(ctx)
		if err != nil {
			return nil, wrote, err
		}
		want, err := s.wanted(file, race, plan)
		if err != nil || !want.Exists || want.identical(file) {
			seen.close()
			return want, wrote, err
		}
		lost, err := s.write(ctx, seen, want)
		seen.close()
		if errors.Is(err, errMoved) {
			race.read, race.lost = file, nil
			continue
		}
		wrote = wrote || err == nil
		if err != nil || lost == nil {
			return want, wrote, err
		}
		race.read, race.lost = file, lost
	}
	return nil, wrote, &BusyError{Path: s.target, Waited: time.Since(start)}
}

func (s *session) write(ctx context.Context, seen *glance, want *AuthFile) (lost *AuthFile, err error) {
	if err := makeParent(s.target); err != nil {
		return nil, err
	}
	if err := atomicfile.Sweep(s.target); err != nil {
		return nil, err
	}
	return replace(ctx, s.target, seen, want.data)
}

// race is what came between an observation and the write after it: read is
// what others can have had in mind, lost what one of them put into a file that
// had just been replaced. Both are nil as long as nothing came between.
type race struct{ read, lost *AuthFile }

// observe waits for auth.json to settle. An empty file that is left when no
// run is alive is a write that was cut short: there is nothing in it to lose,
// and the vault has what was in it.
func (s *session) observe(ctx context.Context) (*glance, *AuthFile, error) {
	seen, file, err := s.place.settled(ctx, s.target)
	var torn *AuthDamagedError
	if s.vault == nil || !errors.As(err, &torn) {
		return seen, file, err
	}
	s.vault.Damaged = true
	if saved := s.saveVault(); saved != nil || s.vault.inUse(s.place.now()) {
		return nil, nil, errors.Join(err, saved)
	}
	seen, lookErr := look(s.target)
	if lookErr != nil || !seen.exists || len(seen.data) > 0 {
		seen.close()
		return nil, nil, err
	}
	return seen, &AuthFile{Path: s.target, Exists: true}, nil
}

// wanted is what auth.json should hold, now that file was seen, and perhaps a
// race. The vault knows it before the file does.
func (s *session) wanted(file *AuthFile, race race, plan plan) (*AuthFile, error) {
	m, err := s.remembered(file, race.read)
	if err != nil {
		return nil, err
	}
	if race.lost != nil {
		if err := m.fold(race.lost, race.read); err != nil {
			return nil, err
		}
	}
	changes, err := plan(m.truth)
	if err != nil {
		return nil, err
	}
	if err := m.set(changes); err != nil {
		return nil, err
	}
	return m.truth, s.keep(m.truth)
}

// keep makes truth what the vault knows.
func (s *session) keep(truth *AuthFile) error {
	if s.vault == nil {
		return nil
	}
	s.vault.Content = nil
	if truth.Exists {
		content := string(truth.data)
		s.vault.Content = &content
	}
	return s.saveVault()
}

// remembered is the memory after file was seen. read is what others can have
// read last, nil for what the vault has.
func (s *session) remembered(file, read *AuthFile) (*memory, error) {
	if s.vault == nil {
		return &memory{truth: file, lineage: lineage{}}, nil
	}
	m, err := s.vault.memory()
	if err != nil {
		return nil, err
	}
	switch {
	case !file.Exists && !s.vault.Damaged:
		m.truth = file // somebody took the whole file away
		return m, nil
	case !file.Exists || len(file.data) == 0:
		return m, nil // the remains of a torn write
	case !m.truth.Exists:
		m.truth = file.emptied()
	}
	s.vault.Damaged = false
	if read == nil {
		read = m.truth
	}
	if err := m.fold(file, read); err != nil {
		return nil, err
	}
	if m.truth.equal(file) {
		m.truth = file
	}
	return m, nil
}
