package cmd

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/manager/pools"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

type poolsCreateOptions struct {
	Pool     string
	Accounts []string
}

func newPoolsCreateCmd(f *Factory, runF func(context.Context, *poolsCreateOptions) error) *cobra.Command {
	o := &poolsCreateOptions{}
	return &cobra.Command{
		Use:   "create POOL [ACCOUNT…]",
		Short: "Make a pool",
		Long: `Makes a pool of one provider's accounts: --provider's, else those of the only
provider that has any. Accounts are named by label, e-mail or uuid and kept by
uuid; their order is that in which they are tried.`,
		Example:           `  kyoli pools create work alice@example.com bob@example.com`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: completeMembers(f, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Pool, o.Accounts = args[0], args[1:]
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runPoolsCreate(cmd.Context(), f, o)
		},
	}
}

func runPoolsCreate(ctx context.Context, f *Factory, o *poolsCreateOptions) error {
	id, err := f.OneProvider(ctx)
	if err != nil {
		return err
	}
	uuids, err := f.uuidsOf(ctx, id, o.Accounts)
	if err != nil {
		return err
	}
	return f.changePool(ctx, o.Pool, func(c *pools.Config) error {
		p, err := c.AddPool(o.Pool, id)
		if err != nil {
			return err
		}
		return p.Add(0, uuids...)
	})
}

type poolsAddOptions struct {
	Pool     string
	Accounts []string
	At       int
}

func newPoolsAddCmd(f *Factory, runF func(context.Context, *poolsAddOptions) error) *cobra.Command {
	o := &poolsAddOptions{}
	cmd := &cobra.Command{
		Use:   "add POOL ACCOUNT…",
		Short: "Add accounts to a pool",
		Long: `Adds accounts at the end of a pool, or at a place of it (--at 1 = first), to
which an account that is in the pool already is moved.`,
		Example: `  kyoli pools add work carol@example.com
  kyoli pools add work --at 1 carol@example.com`,
		Args:              cobra.MinimumNArgs(2),
		ValidArgsFunction: completeMembers(f, 0),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Pool, o.Accounts = args[0], args[1:]
			if err := checkPlace(cmd, o.At); err != nil {
				return err
			}
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runPoolsAdd(cmd.Context(), f, o)
		},
	}
	cmd.Flags().IntVar(&o.At, "at", 0, "put them at this `place`, 1 = first (default: the end)")
	return cmd
}

func checkPlace(cmd *cobra.Command, place int) error {
	if cmd.Flags().Changed("at") && place < 1 {
		return flagErrorf("--at %d: places count from 1", place)
	}
	return nil
}

func runPoolsAdd(ctx context.Context, f *Factory, o *poolsAddOptions) error {
	p, err := f.onePool(ctx, o.Pool)
	if err != nil {
		return err
	}
	uuids, err := f.uuidsOf(ctx, p.BaseProvider, o.Accounts)
	if err != nil {
		return err
	}
	return f.changePool(ctx, o.Pool, func(c *pools.Config) error {
		p, err := c.Pool(o.Pool)
		if err != nil {
			return err
		}
		return p.Add(o.At, uuids...)
	})
}

type poolsRemoveOptions struct {
	Pool     string
	Accounts []string
}

func newPoolsRemoveCmd(f *Factory, runF func(context.Context, *poolsRemoveOptions) error) *cobra.Command {
	o := &poolsRemoveOptions{}
	return &cobra.Command{
		Use:   "remove POOL ACCOUNT…",
		Short: "Take accounts out of a pool",
		Long: `Takes accounts out of a pool; the accounts themselves stay. A member whose account
there is no more is named by its uuid.`,
		Example:           `  kyoli pools remove work carol@example.com`,
		Args:              cobra.MinimumNArgs(2),
		ValidArgsFunction: completeMembers(f, 0),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Pool, o.Accounts = args[0], args[1:]
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runPoolsRemove(cmd.Context(), f, o)
		},
	}
}

func runPoolsRemove(ctx context.Context, f *Factory, o *poolsRemoveOptions) error {
	p, err := f.onePool(ctx, o.Pool)
	if err != nil {
		return err
	}
	accounts, err := f.load(ctx, p.BaseProvider)
	if err != nil {
		return err
	}
	return f.changePool(ctx, o.Pool, func(c *pools.Config) error {
		p, err := c.Pool(o.Pool)
		if err != nil {
			return err
		}
		for _, name := range o.Accounts {
			member, err := memberNamed(p, accounts, name)
			if err != nil {
				return err
			}
			p.Remove(member)
		}
		return nil
	})
}

// memberNamed finds a member by its uuid, by its account's name, or by the start
// of the uuid of one whose account is gone.
func memberNamed(p *pools.Pool, accounts *store.Accounts, name string) (string, error) {
	var starts []string
	for _, uuid := range p.Members {
		if uuid == name {
			return uuid, nil
		}
		if len(name) >= 4 && strings.HasPrefix(uuid, name) && manager.FindMember(accounts, uuid) == nil {
			starts = append(starts, uuid)
		}
	}
	a, err := accounts.Find(name)
	if err != nil {
		if len(starts) == 1 {
			return starts[0], nil
		}
		return "", err
	}
	for _, uuid := range p.Members {
		if manager.FindMember(accounts, uuid) == a {
			return uuid, nil
		}
	}
	return "", failf(exitNoAccount, "kyoli pools show "+shellQuote(p.Name), "account %s is not in pool %s", a.Name(), p.Name)
}

// onePool reads one pool.
func (f *Factory) onePool(ctx context.Context, name string) (*pools.Pool, error) {
	c, err := f.loadPools(ctx)
	if err != nil {
		return nil, err
	}
	return c.Pool(name)
}

// changePool changes the file and prints what has become of a pool.
func (f *Factory) changePool(ctx context.Context, name string, fn func(*pools.Config) error) error {
	c, names, err := f.updatePools(ctx, fn)
	if err != nil {
		return err
	}
	p, err := c.Pool(name)
	if err != nil {
		return err
	}
	row := newPoolRow(p, c, names)
	return f.Print(poolTable([]poolRow{row}), row)
}

// uuidsOf finds accounts by their names.
func (f *Factory) uuidsOf(ctx context.Context, provider string, names []string) ([]string, error) {
	accounts, err := f.load(ctx, provider)
	if err != nil {
		return nil, err
	}
	var uuids []string
	for _, name := range names {
		a, err := accounts.Find(name)
		if err != nil {
			return nil, err
		}
		uuids = append(uuids, a.UUID)
	}
	return uuids, nil
}

// completeMembers completes a pool where the first argument is one that there is
// (from = 0), and accounts behind it.
func completeMembers(f *Factory, from int) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
		switch {
		case len(args) > 0:
			if p, err := f.onePool(cmd.Context(), args[0]); err == nil {
				f.opts.Provider = p.BaseProvider
			}
			return completeAccounts(f, 0)(cmd, args[1:], toComplete)
		case from > 0:
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return completePools(f, 1)(cmd, args, toComplete)
	}
}
