package e2e_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/kyoli-gam/kyoli/internal/filelock/plugintest"
)

// The other program knows these fields, and strips all else.
type (
	otherFile struct {
		Version  int            `json:"version"`
		Accounts []otherAccount `json:"accounts"`
		Active   string         `json:"activeAccountUuid,omitempty"`
	}
	otherAccount struct {
		UUID         string `json:"uuid,omitempty"`
		AccountID    string `json:"accountId,omitempty"`
		Label        string `json:"label,omitempty"`
		Email        string `json:"email,omitempty"`
		PlanTier     string `json:"planTier"`
		RefreshToken string `json:"refreshToken"`
		AccessToken  string `json:"accessToken,omitempty"`
		ExpiresAt    int64  `json:"expiresAt,omitempty"`
		AddedAt      int64  `json:"addedAt"`
		LastUsed     int64  `json:"lastUsed"`
		Enabled      bool   `json:"enabled"`
		Failures     int    `json:"consecutiveAuthFailures"`
		AuthDisabled bool   `json:"isAuthDisabled"`
	}
	otherClaim struct {
		PID int   `json:"pid"`
		At  int64 `json:"at"`
	}
)

// otherProgram follows the npm core's rules, and nothing of kyoli's: it changes its account's label again and again,
// claims the account meanwhile, and ends with an error where a change of its own was undone:
// otherprogram ACCOUNTS.json CLAIMS.json UUID TIMES. It prints how often it did not get a lock in its time.
func otherProgram() {
	accounts, claims, uuid := os.Args[1], os.Args[2], os.Args[3]
	times, err := strconv.Atoi(os.Args[4])
	if err != nil {
		fail(err)
	}
	gaveUp := 0
	try := func(do func() error) {
		err := do()
		for ; errors.Is(err, plugintest.ErrGaveUp); err = do() {
			gaveUp++ // and tries again, as its next request does
		}
		if err != nil {
			fail(err)
		}
	}
	for n := range times {
		try(func() error { return otherClaims(claims, uuid, true) })
		try(func() error { return otherChanges(accounts, uuid, n+1) })
	}
	try(func() error { return otherClaims(claims, uuid, false) })
	fmt.Println(gaveUp)
}

func otherChanges(path, uuid string, n int) error {
	return plugintest.Plugin{}.Update(path, func(old []byte) ([]byte, error) {
		var f otherFile
		if err := json.Unmarshal(old, &f); err != nil {
			return nil, err
		}
		if n%10 == 0 {
			time.Sleep(100 * time.Millisecond) // well within its limits
		}
		for i := range f.Accounts {
			if a := &f.Accounts[i]; a.UUID == uuid {
				if want := label(uuid, n-1); a.Label != want {
					return nil, fmt.Errorf("the label of %s is %q, not %q: a change was lost", uuid, a.Label, want)
				}
				a.Label = label(uuid, n)
				return json.MarshalIndent(f, "", "  ")
			}
		}
		return nil, errors.New("its account is gone")
	})
}

func label(uuid string, n int) string { return fmt.Sprintf("%s changed %d", uuid, n) }

// otherClaims claims an account, or ends its claim.
func otherClaims(path, uuid string, claim bool) error {
	change := func(old []byte) ([]byte, error) {
		all := map[string]otherClaim{}
		if err := json.Unmarshal(old, &all); err != nil {
			return nil, err
		}
		if had, ok := all[uuid]; ok && had.PID != os.Getpid() {
			return nil, fmt.Errorf("the claim of %s is another's", uuid)
		}
		delete(all, uuid)
		if claim {
			all[uuid] = otherClaim{os.Getpid(), time.Now().UnixMilli()}
		}
		return json.Marshal(all)
	}
	return plugintest.Plugin{Stale: 15 * time.Second}.Update(path, change)
}
