package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

// parsed runs a command line up to the options, which the constructor hands on.
func parsed[O any](t *testing.T, make func(runF func(context.Context, *O) error) *cobra.Command, args ...string) (*O, error) {
	t.Helper()
	var got *O
	cmd := make(func(_ context.Context, o *O) error { got = o; return nil })
	cmd.SetArgs(args)
	cmd.SetOut(&bytes.Buffer{})
	cmd.SetErr(&bytes.Buffer{})
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err := cmd.Execute()
	return got, err
}

// wantOptions holds a command line against the options that it should give; nil
// = it is refused.
func wantOptions[O any](t *testing.T, make func(f *Factory, runF func(context.Context, *O) error) *cobra.Command, want *O, args ...string) {
	t.Helper()
	got, err := parsed(t, func(runF func(context.Context, *O) error) *cobra.Command { return make(&Factory{}, runF) }, args...)
	if (err == nil) != (want != nil) {
		t.Errorf("%v: %v", args, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%v: %s", args, diff)
	}
}

func TestPoolsOptions(t *testing.T) {
	t.Parallel()
	wantOptions(t, newPoolsListCmd, &poolsListOptions{})
	wantOptions(t, newPoolsListCmd, nil, "p")
	wantOptions(t, newPoolsShowCmd, &poolsShowOptions{Pool: "p"}, "p")
	wantOptions(t, newPoolsShowCmd, nil)
	wantOptions(t, newPoolsCreateCmd, &poolsCreateOptions{Pool: "p", Accounts: []string{}}, "p")
	wantOptions(t, newPoolsCreateCmd, &poolsCreateOptions{Pool: "p", Accounts: []string{"a", "b"}}, "p", "a", "b")
	wantOptions(t, newPoolsAddCmd, &poolsAddOptions{Pool: "p", Accounts: []string{"a"}}, "p", "a")
	wantOptions(t, newPoolsAddCmd, &poolsAddOptions{Pool: "p", Accounts: []string{"a"}, At: 2}, "p", "a", "--at", "2")
	wantOptions(t, newPoolsAddCmd, nil, "p")
	wantOptions(t, newPoolsAddCmd, nil, "p", "a", "--at", "0")
	wantOptions(t, newPoolsRemoveCmd, &poolsRemoveOptions{Pool: "p", Accounts: []string{"a", "b"}}, "p", "a", "b")
	wantOptions(t, newPoolsRemoveCmd, nil, "p")
	wantOptions(t, newPoolsEnableCmd, &poolsStateOptions{Pools: []string{"p", "q"}}, "p", "q")
	wantOptions(t, newPoolsDisableCmd, &poolsStateOptions{Pools: []string{"p"}}, "p")
	wantOptions(t, newPoolsDisableCmd, nil)
	wantOptions(t, newPoolsRmCmd, &poolsRmOptions{Pools: []string{"p", "q"}, Yes: true}, "p", "q", "-y")
	wantOptions(t, newPoolsRmCmd, nil)
}

func TestChainsOptions(t *testing.T) {
	t.Parallel()
	wantOptions(t, newChainsListCmd, &chainsListOptions{})
	wantOptions(t, newChainsShowCmd, &chainsShowOptions{Chain: "c"}, "c")
	wantOptions(t, newChainsCreateCmd, &chainsCreateOptions{Chain: "c", Pools: []string{"p"}, Model: "m"}, "c", "p", "--model", "m")
	wantOptions(t, newChainsCreateCmd, nil)
	wantOptions(t, newChainsAddCmd, &chainsAddOptions{Chain: "c", Pools: []string{"p", "q"}, Model: "m", At: 1}, "c", "p", "q", "--model", "m", "--at", "1")
	wantOptions(t, newChainsAddCmd, nil, "c", "p", "--at", "-1")
	wantOptions(t, newChainsRemoveCmd, &chainsRemoveOptions{Chain: "c", Pools: []string{"p"}, Model: "m"}, "c", "p", "--model", "m")
	wantOptions(t, newChainsEnableCmd, &chainsStateOptions{Chains: []string{"c"}, Entries: []string{"p", "q"}}, "c", "--entry", "p", "--entry", "q")
	wantOptions(t, newChainsDisableCmd, &chainsStateOptions{Chains: []string{"c", "d"}}, "c", "d")
	wantOptions(t, newChainsRmCmd, &chainsRmOptions{Chains: []string{"c"}}, "c")
}

func TestPlanOptions(t *testing.T) {
	t.Parallel()
	plan := func(kind string) func(*Factory, func(context.Context, *planOptions) error) *cobra.Command {
		return func(f *Factory, runF func(context.Context, *planOptions) error) *cobra.Command {
			return newPlanCmd(f, kind, runF)
		}
	}
	wantOptions(t, plan(kindPool), &planOptions{})
	wantOptions(t, plan(kindPool), &planOptions{Pool: "p", Account: "a", Tried: []string{"b", "c"}}, "p", "-a", "a", "--tried", "b,c")
	wantOptions(t, plan(kindChain), &planOptions{Chain: "c"}, "c")
	wantOptions(t, plan(kindChain), nil, "c", "d")
}

const twoAccounts = `{"version":1,"accounts":[
{"uuid":"1111aaaa","label":"work","planTier":"","refreshToken":"r1","addedAt":1,"lastUsed":1,"enabled":true},
{"uuid":"2222bbbb","credentialOwnerId":"2222old","label":"home","planTier":"","refreshToken":"r2","addedAt":1,"lastUsed":1,"enabled":true}]}`

func newPoolsRun(t *testing.T, file string) settingsRun {
	t.Helper()
	r := newSettingsRun(t, "")
	r.write("openai-multi-account-accounts.json", twoAccounts)
	r.write("multiauth-pools.json", file)
	return r
}

// Members are taken out by name, by uuid, and by the start of a uuid that has no
// account any more; also under the uuid that an account had first.
func TestPoolsRemoveFindsMembers(t *testing.T) {
	t.Parallel()
	const file = `{"pools":[{"name":"p","baseProvider":"openai","members":["1111aaaa","2222old","gone-one","gone-two"],"enabled":true}]}`
	for name, want := range map[string]string{
		"work":     "2222old,gone-one,gone-two",
		"1111":     "2222old,gone-one,gone-two",
		"home":     "1111aaaa,gone-one,gone-two",
		"2222old":  "1111aaaa,gone-one,gone-two",
		"gone-one": "1111aaaa,2222old,gone-two",
		"gone-t":   "1111aaaa,2222old,gone-one",
	} {
		code, out, errs := newPoolsRun(t, file).run("pools", "remove", "p", name)
		if want := "p\topenai\tenabled\t" + want + "\n"; code != 0 || out != want {
			t.Errorf("%s: exit %d, %q, want %q (%s)", name, code, out, want, errs)
		}
	}
	for _, name := range []string{"gone", "nobody"} {
		r := newPoolsRun(t, file)
		if code, out, _ := r.run("pools", "remove", "p", name); code != exitNoAccount || out != "" {
			t.Errorf("%s: exit %d, %q", name, code, out)
		}
	}
}

func TestPoolsThatAreNotAsTheyShouldBe(t *testing.T) {
	t.Parallel()
	r := newPoolsRun(t, `{"pools":[{"name":"p","baseProvider":"nobody","members":["x"],"enabled":false}],"chains":[{"name":"c","entries":[],"enabled":true}]}`)
	code, out, errs := r.run("pools", "show", "p", "--json")
	var row poolRow
	if err := json.Unmarshal([]byte(out), &row); err != nil {
		t.Fatal(err)
	}
	want := poolRow{Name: "p", BaseProvider: "nobody", Members: []memberRow{{UUID: "x"}}, Chains: []string{}}
	if d := cmp.Diff(want, row); code != 0 || d != "" {
		t.Errorf("exit %d: %s", code, d)
	}
	for _, say := range []string{`there is no provider "nobody"`, "pool p is disabled"} {
		if !strings.Contains(errs, say) {
			t.Errorf("%q does not say %q", errs, say)
		}
	}
	if _, _, errs := r.run("chains", "show", "c"); !strings.Contains(errs, "chain c has no pools") {
		t.Errorf("got %q", errs)
	}
	if code, _, errs := r.run("pools", "add", "p", "work"); code != exitUsage || !strings.Contains(errs, "nobody") {
		t.Errorf("exit %d: %s", code, errs)
	}
	// All or nothing.
	if code, _, _ := r.run("pools", "enable", "p", "q"); code != exitUsage {
		t.Errorf("exit %d", code)
	}
	if _, out, _ := r.run("pools", "list"); !strings.Contains(out, "\tdisabled\t") {
		t.Errorf("got %q", out)
	}
}

// A plan needs no --provider where the pool says it.
func TestThePlansProvider(t *testing.T) {
	t.Parallel()
	r := newPoolsRun(t, `{"pools":[{"name":"p","baseProvider":"anthropic","members":["3333cccc"],"enabled":true}],
		"chains":[{"name":"c","entries":[{"pool":"nowhere","enabled":true},{"pool":"p","enabled":true}],"enabled":true}]}`)
	r.write("anthropic-multi-account-accounts.json", `{"version":1,"accounts":[
		{"uuid":"3333cccc","label":"third","planTier":"","refreshToken":"r3","addedAt":1,"lastUsed":1,"enabled":true}]}`)
	for _, args := range [][]string{{"pools", "plan", "p"}, {"chains", "plan", "c"}, {"pools", "plan", "--provider", "anthropic"}} {
		if code, out, errs := r.run(args...); code != 0 || !strings.Contains(out, "\t3333cccc\t") {
			t.Errorf("%v: exit %d, %q %q", args, code, out, errs)
		}
	}
	if code, _, errs := r.run("pools", "plan"); code != exitUsage || !strings.Contains(errs, "--provider") {
		t.Errorf("exit %d, %q", code, errs)
	}
}
