package executor_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/internal/filelock"
	"github.com/kyoli-gam/kyoli/pkg/executor"
	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

func TestExplain(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		err    error
		status int
		code   string
		after  time.Duration
	}{
		{&executor.ForeignURLError{Host: "h", Path: "/p", Provider: "acme"}, 404, "not_forwarded", 0},
		{&manager.NoAccountsError{Provider: "acme"}, 401, "login_needed", 0},
		{&manager.LoginNeededError{Provider: "acme", Account: "ann@example.com"}, 401, "login_needed", 0},
		{&manager.NoUsableError{Provider: "acme", Limited: 2, Until: now.Add(time.Hour)}, 429, "rate_limit_exceeded", time.Hour},
		{&manager.NoUsableError{Provider: "acme", Held: 1}, 503, "accounts_held", 0},
		{&manager.NoUsableError{Provider: "acme", Disabled: 1, Account: "ann@example.com"}, 403, "no_usable_account", 0},
		{&manager.RefreshError{Account: "ann@example.com", Err: errors.New("x")}, 503, "token_not_renewed", 0},
		{&filelock.LockedError{}, 503, "locked", 0},
		{&store.DamagedError{Path: "/home/ann/accounts.json"}, 500, "accounts_unreadable", 0},
		{&store.VersionError{Path: "/home/ann/accounts.json"}, 500, "accounts_unreadable", 0},
		{errors.New("connection refused"), 502, "no_answer", 0},
	} {
		got := executor.Explain(fmt.Errorf("wrapped: %w", tt.err), now)
		if got.Status != tt.status || got.Code != tt.code || got.RetryAfter != tt.after || got.Message == "" {
			t.Errorf("%T: %+v", tt.err, got)
		}
		if strings.Contains(got.Message, "ann@") || strings.Contains(got.Message, "/home") {
			t.Errorf("%T tells who it is: %s", tt.err, got.Message)
		}
	}
}
