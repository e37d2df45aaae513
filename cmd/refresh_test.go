package cmd

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRefreshOptions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args []string
		want refreshOptions
	}{
		{nil, refreshOptions{}},
		{[]string{"work", "home", "--force"}, refreshOptions{Accounts: []string{"work", "home"}, Force: true}},
		{[]string{"--all"}, refreshOptions{All: true}},
	} {
		var got *refreshOptions
		err := parse(t, newRefreshCmd(&Factory{}, func(_ context.Context, o *refreshOptions) error { got = o; return nil }), tt.args...)
		if got != nil && len(got.Accounts) == 0 {
			got.Accounts = nil
		}
		if diff := cmp.Diff(&tt.want, got); err != nil || diff != "" {
			t.Errorf("%q: %v %s", tt.args, err, diff)
		}
	}
	if err := parse(t, newRefreshCmd(&Factory{}, func(context.Context, *refreshOptions) error { return nil }), "--all", "work"); err == nil {
		t.Error("--all and a name were accepted together")
	}
}
