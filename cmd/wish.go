package cmd

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/pkg/manager"
)

// wish is which account is wanted. exec and `accounts pick` ask for it with the
// same flags and in the same way, so that they cannot differ.
type wish struct {
	Account   string
	Pool      string
	Chain     string
	Strategy  string
	Session   string
	Exclusive bool
}

func (w *wish) addFlags(f *Factory, cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVarP(&w.Account, "account", "a", "", "this `account` (label, e-mail, uuid) instead of the strategy's choice")
	fs.StringVar(&w.Pool, "pool", "", "only accounts of this `pool`")
	fs.StringVar(&w.Chain, "chain", "", "only accounts of this `chain`, its pools in their order")
	fs.BoolVar(&w.Exclusive, "exclusive", false, "an account that nobody else holds, and keep the others off it")
	fs.StringVar(&w.Strategy, "strategy", "", "choose by this `strategy`: "+strings.Join(manager.Strategies(), ", "))
	fs.StringVar(&w.Session, "session", "", "stay with one account for all runs of this `key` (by strategy sticky)")
	_ = cmd.RegisterFlagCompletionFunc("account", completeAccounts(f, 0))
	_ = cmd.RegisterFlagCompletionFunc("pool", completePools(f, -1))
	_ = cmd.RegisterFlagCompletionFunc("chain", completeChains(f, -1))
	_ = cmd.RegisterFlagCompletionFunc("strategy", fixed(manager.Strategies()...))
}

// validate checks what pflag cannot.
func (w *wish) validate() error {
	var named []string
	for _, flag := range []struct{ name, value string }{{"--account", w.Account}, {"--pool", w.Pool}, {"--chain", w.Chain}} {
		if flag.value != "" {
			named = append(named, flag.name)
		}
	}
	switch {
	case len(named) > 1:
		return flagErrorf("%s exclude each other", strings.Join(named, " and "))
	case w.Strategy != "" && !slices.Contains(manager.Strategies(), w.Strategy):
		return flagErrorf("--strategy %q: one of %s", w.Strategy, strings.Join(manager.Strategies(), ", "))
	case w.Session != "" && w.Strategy != "" && w.Strategy != manager.StrategySticky:
		return flagErrorf("--session stays with one account, which --strategy %s does not", w.Strategy)
	}
	return nil
}

// provider is whose accounts are meant: --provider's, else those of the pool or
// chain, else those of the only provider that has any.
func (w *wish) provider(ctx context.Context, f *Factory) (string, error) {
	if w.Pool == "" && w.Chain == "" {
		return f.providerOf(ctx, w.Account)
	}
	c, err := f.loadPools(ctx)
	if err != nil {
		return "", err
	}
	return f.poolProvider(ctx, c, w.Pool, w.Chain)
}

// request is the wish as the manager takes it.
func (w *wish) request(ctx context.Context, f *Factory, m *manager.Manager) (manager.Request, error) {
	req := manager.Request{Account: w.Account, Strategy: w.Strategy, SessionKey: w.Session, Exclusive: w.Exclusive}
	if w.Session != "" && w.Strategy == "" {
		req.Strategy = manager.StrategySticky
	}
	if w.Exclusive && !m.Settings().CrossProcessClaims {
		return req, usageErrorf("kyoli config set cross_process_claims true",
			"--exclusive needs claims, which are turned off (cross_process_claims: false)")
	}
	if w.Pool == "" && w.Chain == "" {
		return req, nil
	}
	c, err := f.loadPools(ctx)
	if err != nil {
		return req, err
	}
	if w.Pool != "" {
		req.Among, err = manager.AmongPool(c, w.Pool)
	} else {
		req.Among, err = manager.AmongChain(c, w.Chain)
	}
	return req, err
}
