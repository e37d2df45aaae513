package store

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/kyoli-gam/kyoli/internal/filelock"
)

// An account that was removed while the provider was asked does not come back, nor does its new token stay.
func TestRemovedMeanwhile(t *testing.T) {
	f, _ := newFile(t, two)
	l, r := begun(t, f)
	mustUpdate(t, Open(f.path, Options{}), func(a *Accounts) { a.Remove(uuidA) })
	if err := r.Answered(200, []byte(good)); err != nil {
		t.Fatal(err)
	}
	_, err := r.Settle(context.Background(), newCredential, func(*Account) {})
	var unknown *UnknownAccountError
	if !errors.As(err, &unknown) {
		t.Errorf("Settle: %v", err)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	if a := mustLoad(t, f); len(a.List) != 1 || entries(t, f) != "" {
		t.Errorf("%d accounts, journal %q", len(a.List), entries(t, f))
	}
}

// An account that was given another login meanwhile keeps that, and has the answer to spare.
func TestSpare(t *testing.T) {
	f, _ := newFile(t, two)
	l, r := begun(t, f)
	login := func(a *Accounts) { a.Get(uuidA).SetCredential(Credential{"rt-login", "at-login", 5}) }
	mustUpdate(t, Open(f.path, Options{}), login)
	if err := r.Answered(200, []byte(good)); err != nil {
		t.Fatal(err)
	}
	_, err := r.Settle(context.Background(), newCredential, func(*Account) {})
	var replaced *ReplacedError
	if !errors.As(err, &replaced) {
		t.Errorf("Settle: %v", err)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	if a := mustLoad(t, f).Get(uuidA); a.RefreshToken != "rt-login" {
		t.Fatalf("stored %+v", a)
	}
	l = mustLease(t, f, uuidA)
	for _, want := range []bool{true, false} {
		if got, err := l.Spare(context.Background()); err != nil || got != want {
			t.Errorf("Spare = %v, %v", got, err)
		}
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	if a := mustLoad(t, f).Get(uuidA); a.RefreshToken != "rt-new" || entries(t, f) != ".settled" {
		t.Errorf("stored %+v, journal %q", a, entries(t, f))
	}
}

// Two entries of one login have two leases, and send their token once.
func TestTwins(t *testing.T) {
	f, _ := newFile(t, strings.Replace(two, "rt-b", "rt-a", 1))
	l, r := begun(t, f)
	type result struct {
		l   Lease
		err error
	}
	waited := make(chan result, 1)
	go func() {
		l, err := Open(f.path, Options{}).Lease(context.Background(), uuidB)
		waited <- result{l, err}
	}()
	early, err := f.takeLease(context.Background(), ownerHash(uuidB)) // one that did not see us
	if err != nil {
		t.Fatal(err)
	}
	early.account = mustLoad(t, f).Get(uuidB)
	var lost *filelock.LostError
	if _, err := early.Begin(context.Background()); !errors.As(err, &lost) {
		t.Errorf("Begin: %v", err)
	}
	if err := early.Release(); err != nil {
		t.Fatal(err)
	}
	if err := r.Answered(200, []byte(good)); err != nil {
		t.Fatal(err)
	}
	a, err := r.Settle(context.Background(), newCredential, func(a *Account) { a.PlanTier = "pro" })
	if err := errors.Join(err, l.Release()); err != nil || a.UUID != uuidA {
		t.Fatalf("%+v, %v", a, err)
	}
	other := <-waited
	if other.err != nil {
		t.Fatal(other.err)
	}
	if got := other.l.Account(); got.UUID != uuidB || got.Credential() != newCredential || got.PlanTier != "" {
		t.Errorf("the other one is %+v", got)
	}
	if err := other.l.Release(); err != nil {
		t.Fatal(err)
	}
	if got := entries(t, f); got != ".settled" {
		t.Errorf("journal: %q", got)
	}
}

// Removing an account takes all of it out of the journal.
func TestRemovedAccountLeavesTheJournal(t *testing.T) {
	f, _ := newFile(t, two)
	answered(t, f, 200, good)
	mustUpdate(t, f, func(a *Accounts) { a.Remove(uuidA) })
	if len(journalFiles(t, f)) != 1 {
		t.Fatalf("journal: %q", entries(t, f))
	}
	for _, file := range append(journalFiles(t, f), f.path, f.path+".last-good") {
		for _, secret := range []string{"rt-a", "at-a", "rt-new", "at-new"} {
			if strings.Contains(readFile(t, file), secret) {
				t.Errorf("%s has %s", file, secret)
			}
		}
	}
	// Whoever puts the spent token back finds it spent.
	if err := os.WriteFile(f.path, []byte(two), 0o600); err != nil {
		t.Fatal(err)
	}
	l := mustLease(t, f, uuidA)
	defer l.Release() //nolint:errcheck // the test is over
	var spent *SpentError
	if _, err := l.Begin(context.Background()); !errors.As(err, &spent) {
		t.Errorf("Begin: %v", err)
	}
}
