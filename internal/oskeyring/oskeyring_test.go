package oskeyring

import (
	"errors"
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
