package store

import (
	"time"

	"github.com/kyoli-gam/kyoli/internal/rawjson"
)

// Account is one login at one provider. Texts come from servers and from files and may hold anything; clean them
// before they are shown.
type Account struct {
	UUID              string
	CredentialOwnerID string // the first uuid that this credential had (the plugin names its refresh lease by it)
	AccountID         string // the provider's id, which OpenAI wants in a header
	AccountUUID       string
	DeviceID          string
	Label             string
	Email             string
	PlanTier          string

	RefreshToken Secret
	AccessToken  Secret
	ExpiresAt    Millis // of the access token

	AddedAt  Millis
	LastUsed Millis
	Enabled  bool

	RateLimitResetAt        Millis
	CachedUsage             *Usage
	CachedUsageAt           Millis
	ConsecutiveAuthFailures int
	IsAuthDisabled          bool
	AuthDisabledReason      string

	from    *entry          // what it was read from; nil for a new one
	unknown *rawjson.Object // of a new one: what is written beside its fields
}

// Usage is what the provider last said about the account's quota windows. An absent window is nil.
type Usage struct {
	FiveHour       *Window
	SevenDay       *Window
	SevenDaySonnet *Window
}

// Window is the state of one quota window.
type Window struct {
	Utilization float64   // percent
	ResetsAt    time.Time // zero where the provider gave none
}

// Credential is what a login consists of.
type Credential struct {
	RefreshToken Secret
	AccessToken  Secret
	ExpiresAt    Millis // of the access token
}

// uuidShown is how much of a uuid stands for an account without label and e-mail.
const uuidShown = 8

// Name returns how the account is called: its label, else its e-mail, else the start of its uuid. The text is not
// cleaned.
func (a *Account) Name() string {
	switch {
	case a.Label != "":
		return a.Label
	case a.Email != "":
		return a.Email
	}
	return a.UUID[:min(len(a.UUID), uuidShown)]
}

// Describe returns label and e-mail, as far as there are any, to tell accounts of one name apart. The text is not
// cleaned.
func (a *Account) Describe() string {
	if a.Label != "" && a.Email != "" {
		return a.Label + ", " + a.Email
	}
	return a.Name()
}

// Credential returns the account's credential.
func (a *Account) Credential() Credential {
	return Credential{RefreshToken: a.RefreshToken, AccessToken: a.AccessToken, ExpiresAt: a.ExpiresAt}
}

// SetCredential replaces the account's credential.
func (a *Account) SetCredential(c Credential) {
	a.RefreshToken, a.AccessToken, a.ExpiresAt = c.RefreshToken, c.AccessToken, c.ExpiresAt
}

// OwnerID returns what the account's refresh lease is named by: its credentialOwnerId, else its uuid.
func (a *Account) OwnerID() string {
	if a.CredentialOwnerID != "" {
		return a.CredentialOwnerID
	}
	return a.UUID
}
