package migrate

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
	"github.com/kyoli-gam/kyoli/internal/procid"
	"github.com/kyoli-gam/kyoli/internal/regular"
	"github.com/kyoli-gam/kyoli/internal/seal"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// vaultFile is a vault on disk. It holds tokens: 0600, and gone as soon as no
// run needs it.
type vaultFile struct {
	Version int `json:"version"`
	// Target is auth.json's own path, without symlinks.
	Target string `json:"target"`
	// Content is what auth.json should hold, byte for byte; nil for a file
	// that should not be there.
	Content *string `json:"content"`
	// Damaged is whether auth.json could not be read when it was last seen.
	Damaged bool `json:"damaged,omitempty"`
	// Lineage are hashes of what was replaced while the vault existed.
	Lineage lineage `json:"lineage"`
	// Runs are all runs that used the vault. One that ended stays, because
	// what it wrote last may not have been seen yet.
	Runs []*vaultRun `json:"runs"`

	misplaced bool // it was read in another form than it is to have
}

// vaultRun is one run of OpenCode with OPENCODE_AUTH_CONTENT.
type vaultRun struct {
	ID         string            `json:"id"`
	Since      store.Millis      `json:"since"`
	Supervisor procid.Process    `json:"supervisor"`
	Child      *procid.Process   `json:"child,omitempty"`
	Ended      bool              `json:"ended"`
	Content    string            `json:"content"`
	Hidden     map[string]string `json:"hidden"`
	Wrote      map[string]string `json:"wrote"`
}

// strangerLimit is how long a run on another host, or in another PID
// namespace, counts as alive.
const strangerLimit = 7 * 24 * time.Hour

// readVault reads the vault at path; nil when there is none. The error is a
// *seal.KeyError where it is sealed and the key is not to be had.
func readVault(path string, sealing store.Sealing) (*vaultFile, error) {
	v, err := readSealedVault(path)
	if err != nil || v == nil {
		return nil, err
	}
	for _, text := range v.secrets() {
		plain, err := sealing.OpenText(*text, v.place())
		var wrong *seal.OpenError
		if errors.As(err, &wrong) {
			return nil, &VaultError{Path: path, Reason: wrong.Reason}
		}
		if err != nil {
			return nil, err
		}
		v.misplaced = v.misplaced || sealing.Misplaced(*text)
		*text = plain
	}
	return v, nil
}

// secrets are the texts with tokens in them.
func (v *vaultFile) secrets() []*string {
	var all []*string
	if v.Content != nil {
		all = append(all, v.Content)
	}
	for _, run := range v.Runs {
		all = append(all, &run.Content)
	}
	return all
}

// place is where what is in it belongs.
func (v *vaultFile) place() seal.Place { return seal.Place{Kind: "vault", Owner: []string{v.Target}} }

// sealed is a copy with its secrets sealed, where they are to be.
func (v *vaultFile) sealed(sealing store.Sealing) *vaultFile {
	c := *v
	if v.Content != nil {
		content := *v.Content
		c.Content = &content
	}
	c.Runs = make([]*vaultRun, len(v.Runs))
	for i, run := range v.Runs {
		r := *run
		c.Runs[i] = &r
	}
	for _, text := range c.secrets() {
		*text = sealing.SealText("", *text, v.place())
	}
	return &c
}

// maxVault bounds what is read of a vault, in bytes: it has what auth.json has, for each run that uses it.
const maxVault = 64 << 20

// readSealedVault is readVault without a key.
func readSealedVault(path string) (*vaultFile, error) {
	data, err := regular.Read(path, maxVault)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	v := &vaultFile{}
	if err := json.Unmarshal(data, v); err != nil {
		return nil, &VaultError{Path: path, Reason: "it is not what kyoli wrote"}
	}
	if v.Version != 1 {
		return nil, &VaultError{Path: path, Reason: "it was written by a newer kyoli"}
	}
	if v.Lineage == nil {
		v.Lineage = lineage{}
	}
	return v, nil
}

func (v *vaultFile) save(path string, sealing store.Sealing) error {
	data, err := json.MarshalIndent(v.sealed(sealing), "", "  ")
	if err != nil {
		return err
	}
	if err := atomicfile.Write(path, data, atomicfile.Options{Perm: 0o600}); err != nil {
		return err
	}
	_ = atomicfile.Sweep(path) // what one that was killed in the midst of it left behind
	return nil
}

// dropVault removes the vault, and its directory when it was the last: that
// there is no directory is how other commands know that there is nothing to do.
func dropVault(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err := sweepOwn(path)
	_ = os.Remove(filepath.Dir(path)) // refused while there is another
	return err
}

// sweepOwn removes what writers of path left behind. The caller holds the lock
// that every writer of path holds, so all of them are dead.
func sweepOwn(path string) error {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err = nil
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "."+filepath.Base(path)+".") {
			err = errors.Join(err, os.Remove(filepath.Join(filepath.Dir(path), e.Name())))
		}
	}
	return err
}

// memory is the vault as the memory that observations are folded into.
func (v *vaultFile) memory() (*memory, error) {
	m := &memory{truth: &AuthFile{Path: v.Target}, lineage: v.Lineage}
	var err error
	if v.Content != nil {
		if m.truth, err = parseAuth(v.Target, []byte(*v.Content)); err != nil {
			return nil, err
		}
	}
	for _, run := range v.Runs {
		given, err := parseAuth(v.Target, []byte(run.Content))
		if err != nil {
			return nil, err
		}
		if run.Wrote == nil {
			run.Wrote = map[string]string{}
		}
		m.exports = append(m.exports, &export{given, run.Hidden, run.Wrote})
	}
	return m, nil
}

// alive tells whether the run may still write.
func (r *vaultRun) alive(now time.Time) bool {
	if r.Ended {
		return false
	}
	user := r.Supervisor
	if r.Child != nil {
		user = *r.Child
	}
	return living(user, r.Since, now)
}

// watched tells whether a process watches auth.json for this run.
func (r *vaultRun) watched(now time.Time) bool {
	return !r.Ended && living(r.Supervisor, r.Since, now)
}

func living(p procid.Process, since store.Millis, now time.Time) bool {
	switch p.Alive(procid.Self()).Life {
	case procid.Alive:
		return true
	case procid.Dead:
		return false
	default:
		return now.Sub(since.Time()) < strangerLimit
	}
}

// inUse tells whether any run may still write.
func (v *vaultFile) inUse(now time.Time) bool {
	for _, run := range v.Runs {
		if run.alive(now) {
			return true
		}
	}
	return false
}

// run finds a run by its id.
func (v *vaultFile) run(id string) *vaultRun {
	for _, run := range v.Runs {
		if run.ID == id {
			return run
		}
	}
	return nil
}
