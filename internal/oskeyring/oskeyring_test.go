package oskeyring

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zalando/go-keyring"
)

func TestItem(t *testing.T) {
	keyring.MockInit()
	i := Item{Service: "kyoli", User: "test", Timeout: time.Minute}
	if _, err := i.Get(); !errors.Is(err, ErrNotFound) {
		t.Errorf("nothing there: %v", err)
	}
	if err := i.Set("secret"); err != nil {
		t.Fatal(err)
	}
	if got, err := i.Get(); err != nil || got != "secret" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestSystemError(t *testing.T) {
	boom := errors.New("boom")
	keyring.MockInitWithError(boom)
	i := Item{Service: "kyoli", User: "test", Timeout: time.Minute}
	if _, err := i.Get(); !errors.Is(err, boom) {
		t.Errorf("get: %v", err)
	}
	if err := i.Set("x"); !errors.Is(err, boom) {
		t.Errorf("set: %v", err)
	}
}

// What is in the keyring may be somebody else's, of any length.
func TestTooLong(t *testing.T) {
	keyring.MockInit()
	i := Item{Service: "kyoli", User: "test", Timeout: time.Minute}
	for size, want := range map[int]error{MaxSecret: nil, MaxSecret + 1: errTooLong} {
		if err := keyring.Set(i.Service, i.User, strings.Repeat("x", size)); err != nil {
			t.Fatal(err)
		}
		if got, err := i.Get(); !errors.Is(err, want) || err == nil && len(got) != size {
			t.Errorf("%d bytes: %d, %v", size, len(got), err)
		}
	}
}

// A keyring that waits for somebody makes nobody wait for longer than the limit.
func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		forever := make(chan struct{})
		i := Item{Timeout: 5 * time.Second}
		start := time.Now()
		_, err := i.within(func() (string, error) { <-forever; return "late", nil })
		if !errors.Is(err, ErrTimeout) || time.Since(start) != i.Timeout {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		close(forever)
	})
}
