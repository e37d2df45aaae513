package executor

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/kyoli-gam/kyoli/internal/filelock"
	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// Explanation is an HTTP answer that stands for an error of [Transport.RoundTrip].
type Explanation struct {
	// Status is the HTTP status: one after which clients try again only where that may help.
	Status int
	// Code is the error in a word, as providers have them; Message is it in words, without an e-mail
	// address or a path of this machine.
	Code, Message string
	// RetryAfter is when trying again may help; 0 = not known.
	RetryAfter time.Duration
}

// Explain makes an answer of an error of [Transport.RoundTrip], for programs that speak HTTP only.
func Explain(err error, now time.Time) Explanation {
	var (
		foreign *ForeignURLError
		none    *manager.NoUsableError
		login   *manager.LoginNeededError
		nobody  *manager.NoAccountsError
		refresh *manager.RefreshError
		locked  *filelock.LockedError
		damaged *store.DamagedError
		version *store.VersionError
	)
	switch {
	case errors.As(err, &foreign):
		return Explanation{Status: http.StatusNotFound, Code: "not_forwarded", Message: "this path is not part of the provider's API"}
	case errors.As(err, &nobody):
		return Explanation{
			Status: http.StatusUnauthorized, Code: "login_needed",
			Message: "there is no account of provider " + nobody.Provider + "; see: kyoli login --help",
		}
	case errors.As(err, &login):
		return Explanation{
			Status: http.StatusUnauthorized, Code: "login_needed",
			Message: "the login of every account of provider " + login.Provider + " has ended; see: kyoli accounts list",
		}
	case errors.As(err, &none):
		return explainNone(none, now)
	case errors.As(err, &refresh):
		return Explanation{Status: http.StatusServiceUnavailable, Code: "token_not_renewed", Message: "the account's token could not be renewed for now"}
	case errors.As(err, &locked):
		return Explanation{Status: http.StatusServiceUnavailable, Code: "locked", Message: "the accounts are locked by another process"}
	case errors.As(err, &damaged), errors.As(err, &version):
		return Explanation{Status: http.StatusInternalServerError, Code: "accounts_unreadable", Message: "the accounts cannot be read; see: kyoli accounts list"}
	}
	return Explanation{Status: http.StatusBadGateway, Code: "no_answer", Message: "the provider did not answer"}
}

func explainNone(none *manager.NoUsableError, now time.Time) Explanation {
	if none.Until.After(now) {
		return Explanation{
			Status: http.StatusTooManyRequests, Code: "rate_limit_exceeded", RetryAfter: none.Until.Sub(now),
			Message: fmt.Sprintf("all accounts of provider %s are limited, the first until %s", none.Provider, none.Until.UTC().Format(time.RFC3339)),
		}
	}
	if none.Held > 0 {
		return Explanation{
			Status: http.StatusServiceUnavailable, Code: "accounts_held",
			Message: "all accounts of provider " + none.Provider + " are held by others; see: kyoli claims list",
		}
	}
	return Explanation{
		Status: http.StatusForbidden, Code: "no_usable_account",
		Message: "no account of provider " + none.Provider + " can be used; see: kyoli accounts list",
	}
}
