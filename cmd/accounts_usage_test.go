package cmd

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

func TestAccountsUsageOptions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args []string
		want accountsUsageOptions
	}{
		{nil, accountsUsageOptions{}},
		{[]string{"--refresh"}, accountsUsageOptions{Refresh: true}},
		{[]string{"work", "home"}, accountsUsageOptions{Accounts: []string{"work", "home"}}},
	} {
		var got *accountsUsageOptions
		err := parse(t, newAccountsUsageCmd(&Factory{}, func(_ context.Context, o *accountsUsageOptions) error { got = o; return nil }), tt.args...)
		if got != nil && len(got.Accounts) == 0 {
			got.Accounts = nil
		}
		if diff := cmp.Diff(&tt.want, got); err != nil || diff != "" {
			t.Errorf("%q: %v %s", tt.args, err, diff)
		}
	}
}

// A refresh on the way may give an account another uuid.
func TestNowCalled(t *testing.T) {
	t.Parallel()
	renamed := &store.Account{UUID: "new", CredentialOwnerID: "old"}
	accounts := &store.Accounts{List: []*store.Account{{UUID: "other"}, renamed}}
	for _, uuid := range []string{"new", "old"} {
		if got := nowCalled(accounts, uuid); got != renamed {
			t.Errorf("%s: %+v", uuid, got)
		}
	}
	if got := nowCalled(accounts, "gone"); got != nil {
		t.Errorf("gone: %+v", got)
	}
}
