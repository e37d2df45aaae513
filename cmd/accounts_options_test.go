package cmd

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

func TestAccountsOptions(t *testing.T) {
	t.Parallel()
	f := &Factory{}
	var got any
	keep := func(o any) error { got = o; return nil }
	named := func(make func(*Factory, func(context.Context, *accountsOptions) error) *cobra.Command) func() *cobra.Command {
		return func() *cobra.Command {
			return make(f, func(_ context.Context, o *accountsOptions) error { return keep(o) })
		}
	}
	commands := map[string]func() *cobra.Command{
		"list": func() *cobra.Command {
			return newAccountsListCmd(f, func(_ context.Context, o *accountsListOptions) error { return keep(o) })
		},
		"show": func() *cobra.Command {
			return newAccountsShowCmd(f, func(_ context.Context, o *accountsShowOptions) error { return keep(o) })
		},
		"use": named(newAccountsUseCmd), "enable": named(newAccountsEnableCmd),
		"disable": named(newAccountsDisableCmd), "toggle": named(newAccountsToggleCmd),
		"label": func() *cobra.Command {
			return newAccountsLabelCmd(f, func(_ context.Context, o *accountsLabelOptions) error { return keep(o) })
		},
		"reset": func() *cobra.Command {
			return newAccountsResetCmd(f, func(_ context.Context, o *accountsResetOptions) error { return keep(o) })
		},
		"rm": func() *cobra.Command {
			return newAccountsRmCmd(f, func(_ context.Context, o *accountsRmOptions) error { return keep(o) })
		},
	}
	for _, c := range []struct {
		line string
		want any
		fail string
	}{
		{line: "list", want: &accountsListOptions{}},
		{line: "list --no-migrate", want: &accountsListOptions{NoMigrate: true}},
		{line: "list --watch", want: &accountsListOptions{Watch: true}},
		{line: "list work", fail: "unknown command"},
		{line: "show", want: &accountsShowOptions{}},
		{line: "show work", want: &accountsShowOptions{Account: "work"}},
		{line: "show <>", fail: "the name of the account is empty"},
		{line: "show a b", fail: "at most 1 arg"},
		{line: "use work", want: &accountsOptions{Accounts: []string{"work"}}},
		{line: "use", fail: "accepts 1 arg"},
		{line: "use a b", fail: "accepts 1 arg"},
		{line: "enable a b", want: &accountsOptions{Accounts: []string{"a", "b"}}},
		{line: "disable a", want: &accountsOptions{Accounts: []string{"a"}}},
		{line: "toggle a", want: &accountsOptions{Accounts: []string{"a"}}},
		{line: "toggle", fail: "at least 1 arg"},
		{line: "label a b", want: &accountsLabelOptions{Account: "a", Label: "b"}},
		{line: "label a --clear", want: &accountsLabelOptions{Account: "a", Clear: true}},
		{line: "label a b --clear", fail: "contradict"},
		{line: "label a", fail: "give the label"},
		{line: "label a <>", fail: "give the label"},
		{line: "label a <> --clear", fail: "contradict"},
		{line: "label a x\x1by", fail: "the label: holds control"},
		{line: "reset a", want: &accountsResetOptions{Accounts: []string{"a"}}},
		{line: "reset --all", want: &accountsResetOptions{Accounts: []string{}, All: true}},
		{line: "reset", fail: "--all"},
		{line: "reset a --all", fail: "--all"},
		{line: "rm a b -y", want: &accountsRmOptions{Accounts: []string{"a", "b"}, Yes: true}},
		{line: "rm --all", want: &accountsRmOptions{Accounts: []string{}, All: true}},
		{line: "rm", fail: "--all"},
		{line: "rm a --all", fail: "--all"},
	} {
		args := strings.Split(c.line, " ")
		for i, arg := range args {
			if arg == "<>" {
				args[i] = ""
			}
		}
		got = nil
		cmd := commands[args[0]]()
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		cmd.SetArgs(args[1:])
		err := cmd.Execute()
		if c.fail != "" {
			if err == nil || !strings.Contains(err.Error(), c.fail) || got != nil {
				t.Errorf("%q: %+v, %v, want an error with %q", c.line, got, err, c.fail)
			}
			continue
		}
		if d := cmp.Diff(c.want, got); d != "" || err != nil {
			t.Errorf("%q: %v %s", c.line, err, d)
		}
	}
}
