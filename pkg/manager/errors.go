package manager

import (
	"fmt"
	"strings"
	"time"
)

// NoAccountsError says that there is no account at all.
type NoAccountsError struct {
	// Provider is whose accounts were looked for.
	Provider string
	// CanLogIn says that kyoli login knows a way in there.
	CanLogIn bool
}

// Error implements error.
func (e *NoAccountsError) Error() string { return "no accounts for provider " + e.Provider }

// Hint is a command that helps.
func (e *NoAccountsError) Hint() string {
	if e.CanLogIn {
		return "kyoli login " + e.Provider
	}
	return "kyoli accounts add --provider " + e.Provider + " < account.json"
}

// NoUsableError says that no account can be used now.
type NoUsableError struct {
	// Provider is whose accounts they are; Account is the one that was asked for, empty for any.
	Provider, Account string
	// Among is what was to be chosen from; nil = all.
	Among *Among
	// Until is when the first limit ends; zero = waiting does not help.
	Until time.Time
	// Limited, Disabled, Held and Tried count the accounts: those with a limit, those disabled by the
	// user or by a login that no longer works, those that others have for themselves alone (or that
	// are wanted so), and those that were tried already.
	Limited, Disabled, Held, Tried int
	// Waited is how long was queued for an account that others hold.
	Waited time.Duration

	wants []string // uuids of accounts that would do if nobody held them
}

// Error implements error.
func (e *NoUsableError) Error() string {
	what := "no usable account for provider " + e.Provider
	if e.Among != nil {
		what = "no usable account of provider " + e.Provider + " in " + e.Among.Kind + " " + e.Among.Name
	}
	if e.Account != "" {
		what = "account " + e.Account + " is not usable"
	}
	var why []string
	for _, c := range []struct {
		n    int
		what string
	}{{e.Limited, "rate-limited"}, {e.Disabled, "disabled"}, {e.Held, "held by others"}, {e.Tried, "tried already"}} {
		switch {
		case c.n == 0:
		case e.Account != "":
			why = append(why, c.what)
		default:
			why = append(why, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	if len(why) > 0 {
		what += ": " + strings.Join(why, ", ")
	}
	if !e.Until.IsZero() {
		what += ", the first limit ends at " + e.Until.Local().Format(time.RFC3339)
	}
	if e.Waited > 0 {
		what += ", waited for " + e.Waited.String()
	}
	return what
}

// Hint is a command that helps.
func (e *NoUsableError) Hint() string {
	if e.Disabled > 0 && e.Account != "" {
		return "kyoli accounts enable " + quote(e.Account)
	}
	if e.Held > 0 {
		return "kyoli claims list --provider " + e.Provider
	}
	if e.Among != nil {
		return "kyoli " + e.Among.Kind + "s plan " + quote(e.Among.Name) + " --provider " + e.Provider
	}
	return "kyoli accounts list --provider " + e.Provider
}

// LoginNeededError says that an account's login no longer works and that a person has to log in
// again. The account is kept.
type LoginNeededError struct {
	// Provider is whose account it is.
	Provider string
	// UUID is the account, Account its name for people.
	UUID, Account string
	// Reason says why, in words.
	Reason string
	// CanLogIn says that kyoli login knows a way in there.
	CanLogIn bool
}

// Error implements error.
func (e *LoginNeededError) Error() string {
	return fmt.Sprintf("account %s needs a new login: %s", e.Account, e.Reason)
}

// Hint is a command that helps: a new login takes the place of the old one with the same e-mail.
func (e *LoginNeededError) Hint() string {
	if e.CanLogIn {
		return "kyoli login --account " + quote(e.Account)
	}
	return "kyoli accounts add --provider " + e.Provider + " < account.json"
}

// RefreshError says that an account's token could not be renewed, for a reason that is not its
// login's.
type RefreshError struct {
	// UUID is the account, Account its name for people.
	UUID, Account string
	// Transient says that trying again later may help.
	Transient bool
	// Err is what happened.
	Err error
}

// Error implements error.
func (e *RefreshError) Error() string {
	return fmt.Sprintf("the token of account %s could not be renewed: %v", e.Account, e.Err)
}

// Unwrap returns what happened.
func (e *RefreshError) Unwrap() error { return e.Err }

// LabelTakenError says that a label would not be unambiguous any more.
type LabelTakenError struct {
	// Label is the one wanted, Account the one that it names already.
	Label, Account string
}

// Error implements error.
func (e *LabelTakenError) Error() string {
	return fmt.Sprintf("label %q already names account %s", e.Label, e.Account)
}

// SpentLoginError says that a login which was to be added has been used up, and that the account that it became is not
// there any more.
type SpentLoginError struct {
	// Account is how the login is called.
	Account string
}

// Error implements error.
func (e *SpentLoginError) Error() string {
	return fmt.Sprintf("the refresh token of login %q was spent already, and the account that has its successor is gone", e.Account)
}

// Hint is a command that helps: it takes a new login.
func (e *SpentLoginError) Hint() string {
	return "kyoli login"
}

// OtherPersonError says that a login for one account is somebody else's. Nothing was changed.
type OtherPersonError struct {
	// Account is the account that was to be logged in, Email whose it is, as far as that is known.
	Account, Email string
	// Who is who logged in, Other the account that is theirs, empty where there is none.
	Who, Other string
}

// Error implements error.
func (e *OtherPersonError) Error() string {
	whose := e.Account
	if e.Email != "" && e.Email != e.Account {
		whose += " (" + e.Email + ")"
	}
	text := fmt.Sprintf("%s logged in, and account %s is somebody else's; nothing was changed", e.Who, whose)
	if strings.EqualFold(e.Email, e.Who) { // one person may have an account of their own and one in a workspace
		text = fmt.Sprintf("%s logged in with another workspace than account %s is of; nothing was changed", e.Who, e.Account)
	}
	if e.Other != "" {
		return text + "; that login is account " + e.Other + "'s"
	}
	text += "; the browser may have to log out at the provider first"
	return text
}

// Hint is a command that helps.
func (e *OtherPersonError) Hint() string {
	if e.Other != "" {
		return "kyoli login --account " + quote(e.Other)
	}
	return "kyoli login --account " + quote(e.Account)
}

// Hint is a command that helps.
func (e *LabelTakenError) Hint() string { return "kyoli accounts list" }

// UnknownStrategyError says that there is no strategy of this name.
type UnknownStrategyError struct {
	// Name is what was asked for, Allowed what there is.
	Name    string
	Allowed []string
}

// Error implements error.
func (e *UnknownStrategyError) Error() string {
	return fmt.Sprintf("unknown strategy %q (one of %s)", e.Name, strings.Join(e.Allowed, ", "))
}

// PoolUnusableError says that there is nothing to choose from in a pool or chain.
type PoolUnusableError struct {
	// Kind is "pool" or "chain", Name what it is called.
	Kind, Name string
	// Reason says why, Do is the rest of a command that helps.
	Reason, Do string
}

// Error implements error.
func (e *PoolUnusableError) Error() string { return e.Kind + " " + e.Name + " " + e.Reason }

// Hint is a command that helps.
func (e *PoolUnusableError) Hint() string { return "kyoli " + e.Kind + "s " + e.Do }

// quote makes a name safe to paste into a shell.
func quote(name string) string {
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}
