// Package oskeyring keeps one secret in the system's keyring: the Secret Service of a Linux desktop, macOS's Keychain,
// Windows' Credential Manager.
//
// The library beneath can wait for ever, for a prompt that nobody sees or for a service that does not answer. Here
// everything ends in time; what is left waiting is left behind.
package oskeyring

import (
	"errors"
	"fmt"
	"time"

	"github.com/zalando/go-keyring"
)

var (
	// ErrNotFound says that the keyring answered, and has no such secret.
	ErrNotFound = errors.New("it has no such secret")
	// ErrTimeout says that the keyring did not answer in time. It may be locked.
	ErrTimeout = errors.New("it does not answer; it may be locked, or wait for a password in a window")
)

// MaxSecret bounds what is taken from the keyring, in bytes.
const MaxSecret = 64 << 10

var errTooLong = fmt.Errorf("its secret is larger than %d KiB", MaxSecret>>10)

// Item is one secret in the keyring.
type Item struct {
	Service, User string
	Timeout       time.Duration // for each call
}

// Get returns the secret. Errors are ErrNotFound, ErrTimeout, and the system's.
func (i Item) Get() (string, error) {
	return i.within(func() (string, error) { return keyring.Get(i.Service, i.User) })
}

// Set stores the secret, and reads it back: a keyring that forgets is found before anything depends on it.
func (i Item) Set(secret string) error {
	_, err := i.within(func() (string, error) { return "", keyring.Set(i.Service, i.User, secret) })
	if err != nil {
		return err
	}
	stored, err := i.Get()
	if err == nil && stored != secret {
		err = errors.New("it gives back another secret than it was given")
	}
	return err
}

type answer struct {
	secret string
	err    error
}

func (i Item) within(call func() (string, error)) (string, error) {
	done := make(chan answer, 1) // so that a late call ends all the same
	go func() {
		secret, err := call()
		done <- answer{secret, err}
	}()
	t := time.NewTimer(i.Timeout)
	defer t.Stop()
	select {
	case a := <-done:
		if len(a.secret) > MaxSecret {
			return "", errTooLong
		}
		return a.secret, explain(a.err)
	case <-t.C:
		return "", fmt.Errorf("%w (%s)", ErrTimeout, i.Timeout)
	}
}

func explain(err error) error {
	if errors.Is(err, keyring.ErrNotFound) {
		return ErrNotFound
	}
	return err
}
