package cmd

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAccountsAddOptions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		want *accountsAddOptions
		fail string
	}{
		"none": {want: &accountsAddOptions{}},
		"file": {
			args: []string{"-f", "x.json", "--label", " work ", "--email", "me@example.com", "--plan", "pro"},
			want: &accountsAddOptions{File: "x.json", Label: "work", Email: "me@example.com", Plan: "pro"},
		},
		"token":           {args: []string{"--refresh-token-stdin"}, want: &accountsAddOptions{RefreshTokenStdin: true}},
		"both":            {args: []string{"--refresh-token-stdin", "--file", "x"}, fail: "contradict"},
		"empty label":     {args: []string{"--label", " "}, fail: `--label " ": is empty`},
		"empty file":      {args: []string{"--file", ""}, fail: `--file "": is empty`},
		"escape in label": {args: []string{"--label", "a\x1b[31m"}, fail: "--label: holds control"},
		"bidi in e-mail":  {args: []string{"--email", "a\u202eb"}, fail: "--email: holds control"},
		"broken UTF-8":    {args: []string{"--plan", "a\xff"}, fail: "--plan: is not valid UTF-8"},
		"an argument":     {args: []string{"hunter2"}, fail: "process list"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got *accountsAddOptions
			cmd := newAccountsAddCmd(&Factory{}, func(_ context.Context, o *accountsAddOptions) error { got = o; return nil })
			cmd.SilenceErrors, cmd.SilenceUsage = true, true
			cmd.SetArgs(c.args)
			err := cmd.Execute()
			if c.fail != "" {
				if err == nil || !strings.Contains(err.Error(), c.fail) || got != nil {
					t.Errorf("got %+v, %v, want an error with %q", got, err, c.fail)
				}
				return
			}
			if d := cmp.Diff(c.want, got); d != "" || err != nil {
				t.Errorf("%v: %s", err, d)
			}
		})
	}
}
