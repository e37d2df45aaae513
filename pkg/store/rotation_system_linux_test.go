package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/internal/filelock"
)

// onSmallDisk puts a file on a disk of 4 MiB.
func onSmallDisk(t *testing.T) (*File, *[]Note) {
	t.Helper()
	dir := mountTmpfs(t)
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT, "size=4m"); err != nil {
		t.Fatal(err)
	}
	f, notes := openNoted(filepath.Join(dir, "accounts.json"))
	if err := os.WriteFile(f.path, []byte(two), 0o600); err != nil {
		t.Fatal(err)
	}
	return f, notes
}

// A full disk is found before the request; one that becomes full during it does no harm, because the room is there.
func TestRefreshOnAFullDisk(t *testing.T) {
	f, notes := onSmallDisk(t)
	filler := filepath.Join(filepath.Dir(f.path), "filler")
	l := mustLease(t, f, uuidA)
	fill(t, filler)
	var w *WriteError
	if _, err := l.Begin(context.Background()); !errors.As(err, &w) || !errors.Is(err, syscall.ENOSPC) || !strings.HasPrefix(w.Hint(), "df -h /") {
		t.Errorf("Begin: %v", err)
	}
	if got := entries(t, f); got != "" {
		t.Errorf("journal: %q", got)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	r := mustBegin(t, l)
	fill(t, filler)
	long := strings.Replace(good, "at-new", strings.Repeat("x", 500<<10), 1)
	if err := r.Answered(200, []byte(long)); err != nil {
		t.Error(err)
	}
	a, err := r.Settle(context.Background(), newCredential, func(a *Account) { a.PlanTier = "pro" })
	if err := errors.Join(err, l.Release()); err != nil || a.RefreshToken != "rt-new" {
		t.Errorf("Settle: %+v, %v", a, err)
	}
	if got := mustLoad(t, f).Get(uuidA); got.Credential() != newCredential || entries(t, f) != ".settled" {
		t.Errorf("stored %+v, journal %q, notes %q", got, entries(t, f), *notes)
	}
}

// The same for an account file that takes more than the room of the journal's entry, which is free again by then.
func TestRefreshOfALargeFileOnAFullDisk(t *testing.T) {
	f, notes := onSmallDisk(t)
	if err := syscall.Mount("", filepath.Dir(f.path), "", syscall.MS_REMOUNT, "size=12m"); err != nil {
		t.Fatal(err)
	}
	large := strings.Replace(two, `"version": 1`, `"version": 1, "more": "`+strings.Repeat("x", 2<<20)+`"`, 1)
	if err := os.WriteFile(f.path, []byte(large), 0o600); err != nil {
		t.Fatal(err)
	}
	l, r := begun(t, f)
	fill(t, filepath.Join(filepath.Dir(f.path), "filler"))
	if err := r.Answered(200, []byte(good)); err != nil {
		t.Error(err)
	}
	a, err := r.Settle(context.Background(), newCredential, nil)
	if err := errors.Join(err, l.Release()); err != nil || a.RefreshToken != "rt-new" {
		t.Errorf("Settle: %+v, %v", a, err)
	}
	if got := mustLoad(t, f).Get(uuidA); got.Credential() != newCredential || entries(t, f) != ".settled" {
		t.Errorf("stored %+v, journal %q, notes %q", got, entries(t, f), *notes)
	}
}

// A full disk keeps an answer in the journal, and says where it is; with room again it goes where it belongs.
func TestReplayOnAFullDisk(t *testing.T) {
	f, notes := onSmallDisk(t)
	filler := filepath.Join(filepath.Dir(f.path), "filler")
	answered(t, f, 200, good)
	fill(t, filler)
	if a := mustLoad(t, f); len(a.List) != 2 || len(*notes) == 0 || !strings.Contains((*notes)[0].Text, "no space") {
		t.Errorf("%d accounts, notes %q", len(a.List), *notes)
	}
	if _, err := f.Lease(context.Background(), uuidA); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Lease: %v", err)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if a := mustLoad(t, f).Get(uuidA); a.RefreshToken != "rt-new" {
		t.Errorf("stored %+v", a)
	}
}

// On a disk that became read-only the accounts can be read, and nothing is sent.
func TestRefreshOnAReadOnlyDisk(t *testing.T) {
	f, _ := onSmallDisk(t)
	answered(t, f, 200, good)
	if err := syscall.Mount("", filepath.Dir(f.path), "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	if a := mustLoad(t, f); len(a.List) != 2 {
		t.Errorf("%d accounts", len(a.List))
	}
	if _, err := f.Lease(context.Background(), uuidA); !errors.Is(err, syscall.EROFS) {
		t.Errorf("Lease: %v", err)
	}
}

// Another user's journal is not used, except by root, who leaves it theirs.
func TestJournalOfAnotherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("files of several users need root")
	}
	const other = 12345
	f, _ := newFile(t, two)
	dir := filepath.Dir(f.path)
	if err := errors.Join(os.Chown(dir, other, other), os.Chown(f.path, other, other)); err != nil {
		t.Fatal(err)
	}
	answered(t, f, 200, good)
	mustLoad(t, f)
	for _, path := range append(journalFiles(t, f), f.path, f.path+".journal", f.path+".last-good") {
		if info, err := os.Stat(path); err != nil || info.Sys().(*syscall.Stat_t).Uid != other {
			t.Errorf("%s: %+v, %v", path, info.Sys(), err)
		}
	}
}

// TestSenderStopped stops a process while the provider is being asked. Another kyoli waits. The plugin takes the lease
// for left over and refreshes by itself; when the process goes on it does not send, or, where it has sent, spoils
// nothing.
func TestSenderStopped(t *testing.T) {
	if path := os.Getenv(childFile); path != "" {
		sendAndStop(t, Open(path, Options{}), os.Getenv(childID) == "1")
		return
	}
	for id, name := range []string{"before sending", "after sending"} {
		t.Run(name, func(t *testing.T) {
			f, _ := newFile(t, two)
			goOn := startStopped(t, child("TestSenderStopped", f, id))
			other, err := f.tryLease(context.Background(), f.path, ownerHash(uuidA))
			if err != nil || other != nil {
				t.Fatalf("another kyoli: %+v, %v", other, err)
			}
			lock := f.leasePath(ownerHash(uuidA)) + ".lock"
			if err := errors.Join(os.RemoveAll(lock), os.Mkdir(lock, 0o700)); err != nil {
				t.Fatal(err)
			}
			rotated := strings.ReplaceAll(strings.ReplaceAll(two, "rt-a", "rt-plugin"), "at-a", "at-plugin")
			if err := errors.Join(os.WriteFile(f.path, []byte(rotated), 0o600), os.Remove(lock)); err != nil {
				t.Fatal(err)
			}
			if err := goOn(); err != nil {
				t.Fatal(err)
			}
			if a := mustLoad(t, f).Get(uuidA); a.RefreshToken != "rt-plugin" {
				t.Errorf("stored %+v", a)
			}
			if want := []string{"", ".open"}[id]; entries(t, f) != want {
				t.Errorf("journal: %q, want %q", entries(t, f), want)
			}
		})
	}
}

func sendAndStop(t *testing.T, f *File, sent bool) {
	l := mustLease(t, f, uuidA)
	r := mustBegin(t, l)
	if !sent {
		waitHere(t)
		var lost *filelock.LostError
		if err := r.Ready(); !errors.As(err, &lost) {
			t.Errorf("Ready: %v", err)
		}
		if err := r.NotSent(); err != nil {
			t.Error(err)
		}
		return
	}
	if err := r.Ready(); err != nil {
		t.Fatal(err)
	}
	waitHere(t)
	if err := r.Answered(200, []byte(good)); err != nil {
		t.Error(err)
	}
	var replaced *ReplacedError
	if _, err := r.Settle(context.Background(), newCredential, func(*Account) {}); !errors.As(err, &replaced) {
		t.Errorf("Settle: %v", err)
	}
	var lost *filelock.LostError
	if err := l.Release(); !errors.As(err, &lost) {
		t.Errorf("Release: %v", err)
	}
}

// Whether a lease is ours does not depend on the wall clock.
func TestReadyIgnoresTheWallClock(t *testing.T) {
	f, _ := newFile(t, two)
	for _, by := range []time.Duration{-24 * time.Hour, 24 * time.Hour} {
		l, r := begun(t, ahead(f, by))
		if err := errors.Join(r.Ready(), r.NotSent(), l.Release()); err != nil {
			t.Errorf("clock moved by %v: %v", by, err)
		}
	}
}
