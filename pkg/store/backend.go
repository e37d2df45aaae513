package store

import (
	"context"
	"time"
)

var _ Backend = (*File)(nil)

// Backend holds the accounts of one provider. *File is the one on disk.
type Backend interface {
	// Path returns where the accounts are, to name it in messages.
	Path() string
	// Peek reads the accounts without lock, replay or any write, for shell completion.
	Peek(ctx context.Context) (*Accounts, error)
	// List is Load for who needs no token: those that are sealed stay so, and no key is asked for.
	List(ctx context.Context) (*Accounts, error)
	// Load replays the rotation journal where there is something to replay, and reads the accounts. A missing file
	// is an empty list.
	Load(ctx context.Context) (*Accounts, error)
	// Update reads the accounts under the lock, lets fn change them, writes them where that changed anything, and
	// returns them as they now are. fn may be called again, with the accounts read anew, when another program wrote
	// meanwhile. An error of fn is returned as it is, and nothing is written.
	Update(ctx context.Context, fn func(*Accounts) error) (*Accounts, error)
	// Lease takes the refresh lease of an account and waits for it, 60 s at least.
	Lease(ctx context.Context, uuid string) (Lease, error)
	// Successors tells which refresh tokens are known to have been spent: by the hash of each, the hash of what came of
	// it in the end, empty where that is not known.
	Successors(ctx context.Context, refresh ...Secret) (map[string]string, error)
	// BeginLogin prepares for the answer to a login of a person.
	BeginLogin(ctx context.Context) (Login, error)
	// KeptLogins returns the answers to logins whose processes ended before the account was written, the oldest first.
	KeptLogins(ctx context.Context) ([]*KeptLogin, error)
	// Forget takes tokens out of the copies that are kept besides the accounts: last-good and the journal. Update
	// does so itself for tokens that it removes or replaces.
	Forget(ctx context.Context, secrets ...Secret) error
}

// Lease is the sole right to refresh one account. It is released in any case.
type Lease interface {
	// Account returns the account as it was read under the lease, the journal followed to its newest token.
	Account() *Account
	// Begin prepares a rotation: room for its answer is allocated and the intent is on disk. The error is *SpentError
	// where the token was spent and nothing came back for it.
	Begin(ctx context.Context) (Rotation, error)
	// Spare puts an answer to an earlier request, for which no account was found when it came, into the place of the
	// account's token. It is for a token that has died, before the account is disabled. False means that there is none.
	Spare(ctx context.Context) (bool, error)
	// Release gives the lease back.
	Release() error
}

// Rotation is one token request. Call Ready directly before sending, Answered directly after, and then one of Settle
// and Refused; or NotSent. When a request was sent and no answer came, call none: the open intent is what the next
// process needs to know.
type Rotation interface {
	// Ready says whether the lease is certainly still ours; else *filelock.LostError, and all starts over.
	Ready() error
	// Answered puts the raw answer on disk before anybody parses it.
	Answered(status int, body []byte) error
	// Settle writes the new credential over the account that the old one came from, whatever else changed, and
	// closes the entry. apply may change the account further. The error is *ReplacedError where the account has
	// another login by now: use that one.
	Settle(ctx context.Context, child Credential, apply func(*Account)) (*Account, error)
	// Refused closes the entry of a request that the provider answered without rotating.
	Refused(ctx context.Context, why string) error
	// NotSent removes the intent of a request that never left.
	NotSent() error
}

// Login is a login of a person that is under way. Call Answered before anybody parses the answer, and End when the
// account has been written, or nobody wants the login. Without End it is one of KeptLogins later.
type Login interface {
	// Answered puts the raw answer to a request that was sent at that time on the disk.
	Answered(status int, sent time.Time, body []byte) error
	// End takes the entry away.
	End() error
}

// KeptLogin is the answer to a login that was not stored.
type KeptLogin struct {
	Status int
	Sent   time.Time
	Body   []byte // holds tokens
	// End takes the entry away.
	End func() error
}
