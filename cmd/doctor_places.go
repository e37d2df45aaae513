package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
	"github.com/kyoli-gam/kyoli/internal/fsinfo"
	"github.com/kyoli-gam/kyoli/internal/shellquote"
)

// checkPlaces looks at the directories and files that the other checks came across: whose they are, who may do what
// with them, what they are on, and what was left in them.
func (d *doctor) checkPlaces() {
	dirs := append([]string{d.dir}, d.seen.dirs...)
	for _, i := range d.seen.accounts {
		dirs = append(dirs, filepath.Dir(i.Path), i.JournalDir)
	}
	for _, dir := range sorted(dirs) {
		d.checkDir(dir)
	}
	secret := sorted(d.seen.files)
	for _, file := range secret {
		d.checkFile(file, true)
	}
	for _, file := range sorted(d.seen.own) {
		if !slices.Contains(secret, file) {
			d.checkFile(file, false)
		}
	}
}

func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

func (d *doctor) checkDir(dir string) {
	on, err := fsinfo.Of(dir)
	if err == nil && on.Network {
		d.found(finding{
			ID: "network-filesystem", Severity: severityWarning, File: dir, Message: "is on a network file system (" + on.Name + ")",
			Why: "locks and process ids do not reach other machines: two of them could spend one token",
			Fix: "export KYOLI_CONFIG_DIR=/path/on/a/local/disk",
		})
	}
	info, err := os.Stat(dir)
	if err != nil {
		return // it is made when it is needed, or above it is what is wrong
	}
	if !info.IsDir() {
		d.found(finding{
			ID: "dir-blocked", Severity: severityError, File: dir, Message: "is a file, where a directory should be",
			Why: "nothing can be kept in it", Fix: moveAway(dir),
		})
		return
	}
	if d.checkOwner(dir, info) {
		d.checkDirMode(dir, info)
	}
	d.checkTemp(dir)
}

// checkDirMode finds directories that others may write, and that we may not.
func (d *doctor) checkDirMode(dir string, info fs.FileInfo) {
	others := fsinfo.Loose(info) & 0o002
	if others != 0 && info.Mode()&fs.ModeSticky == 0 {
		d.found(finding{
			ID: "mode-loose", Severity: severityError, File: dir, Message: fmt.Sprintf("can be written by every user (mode %04o)", info.Mode().Perm()),
			Why: "they could put other accounts in the place of yours", Fix: "chmod o-w " + shellquote.Word(dir),
			mend: func(context.Context) (string, error) {
				return "took that away", os.Chmod(dir, info.Mode().Perm()&^0o002)
			},
		})
	}
	err := fsinfo.Writable(dir)
	x := finding{ID: "dir-readonly", Severity: severityError, File: dir, Why: "no token can be renewed: the new one could not be kept"}
	switch {
	case errors.Is(err, syscall.EROFS):
		x.Message, x.Fix = "is on a file system that is read-only", "export KYOLI_CONFIG_DIR=/path/on/another/disk"
	case err != nil:
		x.Message, x.Fix = fmt.Sprintf("cannot be written (mode %04o)", info.Mode().Perm()), "chmod u+rwx "+shellquote.Word(dir)
	case runningAsOwner(info) && info.Mode().Perm()&0o300 != 0o300: // root may all the same
		x.Message, x.Fix = fmt.Sprintf("is read-only (mode %04o)", info.Mode().Perm()), "chmod u+rwx "+shellquote.Word(dir)
	default:
		return
	}
	d.found(x)
}

// runningAsOwner says whether a permission of the owner is ours.
func runningAsOwner(info fs.FileInfo) bool {
	uid, ok := fsinfo.Owner(info)
	return ok && uid == os.Geteuid()
}

func mine(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && runningAsOwner(info)
}

// checkOwner finds what belongs to another user, and says whether it does not.
func (d *doctor) checkOwner(path string, info fs.FileInfo) bool {
	uid, ok := fsinfo.Owner(info)
	want, who := os.Geteuid(), "you"
	if want == 0 { // root may work on somebody's files, which have to stay his
		above, err := os.Stat(filepath.Dir(path))
		if owner, known := 0, false; err == nil {
			if owner, known = fsinfo.Owner(above); known {
				want, who = owner, fmt.Sprintf("user %d, as its directory does", owner)
			}
		}
		if info.IsDir() {
			return true
		}
	}
	if !ok || uid == want {
		return true
	}
	d.found(finding{
		ID: "owner-foreign", Severity: severityError, File: path, Message: fmt.Sprintf("belongs to user %d, and not to %s", uid, who),
		Why: "kyoli does not take a file from another user, and cannot keep a renewed token in it", Fix: fmt.Sprintf("sudo chown %d %s", want, shellquote.Word(path)),
	})
	return false
}

// checkFile looks at a file. secret says that it may hold tokens.
func (d *doctor) checkFile(path string, secret bool) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || !d.checkOwner(path, info) {
		return
	}
	x := finding{ID: "mode-loose", File: path, Severity: severityWarning, Fix: "chmod 600 " + shellquote.Word(path)}
	switch loose := fsinfo.Loose(info); {
	case loose == 0:
		return
	case secret:
		x.Message, x.Why = fmt.Sprintf("can be read by other users (mode %04o)", info.Mode().Perm()), "it holds tokens"
		if loose&0o044 == 0 {
			x.Message = fmt.Sprintf("other users have rights to it (mode %04o)", info.Mode().Perm())
		}
	case loose&0o022 != 0:
		x.Message, x.Why = fmt.Sprintf("can be written by other users (mode %04o)", info.Mode().Perm()), "they decide what kyoli does with your accounts"
	default:
		return // it holds no token
	}
	x.mend = func(context.Context) (string, error) { return "its mode is 0600 now", os.Chmod(path, 0o600) }
	d.found(x)
}

// checkTemp finds what writers left behind that died.
func (d *doctor) checkTemp(dir string) {
	left, err := atomicfile.LeftOvers(dir)
	if err != nil {
		return // whoever reads the directory says so
	}
	for _, file := range left {
		d.found(finding{
			ID: "temp-left", Severity: severityWarning, File: file, Message: "was left by a kyoli that died while it was writing",
			Why: "it may hold tokens, and takes room", Fix: "rm " + shellquote.Word(file),
			mend: func(context.Context) (string, error) { return "removed", removeLeftOver(file) },
		})
	}
}

func removeLeftOver(file string) error {
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
