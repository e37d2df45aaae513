package cmd

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/internal/termtext"
	"github.com/kyoli-gam/kyoli/pkg/manager/pools"
)

// What a command about pools and chains is about.
const (
	kindPool  = "pool"
	kindChain = "chain"
)

// Pools is the file of pools and chains that is in force: the working
// directory's, else the one beside the accounts. Opening it reads nothing.
func (f *Factory) Pools() (*pools.File, error) {
	c, err := f.Config()
	if err != nil {
		return nil, err
	}
	work, err := os.Getwd()
	if err != nil { // it was removed: it has no file then
		work = ""
	}
	path := pools.Locate(c.Dir, work)
	f.Debugf("pools and chains: %s", path)
	return pools.Open(path, pools.Options{
		LockTimeout: f.opts.LockTimeout, Now: f.now,
		OnWait: func(holder string) { f.Note("waiting for %s, which is locked by %s", path, holder) },
	}), nil
}

func (f *Factory) loadPools(ctx context.Context) (*pools.Config, error) {
	file, err := f.Pools()
	if err != nil {
		return nil, err
	}
	return file.Load(ctx)
}

// updatePools changes the file, and warns of what is wrong with it then.
func (f *Factory) updatePools(ctx context.Context, fn func(*pools.Config) error) (*pools.Config, memberNames, error) {
	file, err := f.Pools()
	if err != nil {
		return nil, nil, err
	}
	c, err := file.Update(ctx, fn)
	if err != nil {
		return nil, nil, err
	}
	names := f.memberNames(ctx)
	f.warnOfPools(c, names)
	return c, names, nil
}

// memberNames are what the accounts of each provider are called, by all uuids
// that pools may have for them; a nil map for accounts that cannot be read.
type memberNames map[string]map[string]string

func (f *Factory) memberNames(ctx context.Context) memberNames {
	names := memberNames{}
	r, err := f.Registry()
	if err != nil {
		return names
	}
	for _, id := range r.IDs() {
		names[id] = f.namesOf(ctx, id)
	}
	return names
}

func (f *Factory) namesOf(ctx context.Context, id string) map[string]string {
	backend, err := f.Store(id)
	if err != nil {
		return nil
	}
	accounts, err := backend.Peek(ctx)
	if err != nil {
		f.Debugf("names of accounts: %v", err)
		return nil
	}
	names := map[string]string{}
	for _, a := range accounts.List {
		names[a.CredentialOwnerID] = a.Name()
	}
	for _, a := range accounts.List {
		names[a.UUID] = a.Name()
	}
	delete(names, "")
	return names
}

// of is what an account is called, empty for one that there is not.
func (n memberNames) of(provider, uuid string) string {
	if name, ok := n[provider][uuid]; ok {
		return name
	}
	for _, names := range n { // a uuid says more than a provider's name
		if name, ok := names[uuid]; ok {
			return name
		}
	}
	return ""
}

// warnOfPools tells what is wrong with the file.
func (f *Factory) warnOfPools(c *pools.Config, names memberNames) {
	for _, p := range c.Check(names.uuids) {
		f.Note("warning: %s", p.Text)
	}
}

// uuids are those that pools may have for a provider's accounts; known is false
// for no provider, and the map nil for accounts that cannot be read.
func (n memberNames) uuids(provider string) (uuids map[string]bool, known bool) {
	accounts, known := n[provider]
	if accounts == nil {
		return nil, known
	}
	uuids = map[string]bool{}
	for uuid := range accounts {
		uuids[uuid] = true
	}
	return uuids, known
}

// completePools completes the first n arguments as pools (n < 0: all): no lock,
// no network.
func completePools(f *Factory, n int) cobra.CompletionFunc {
	return completeFrom(n, func(cmd *cobra.Command) []cobra.Completion {
		var names []cobra.Completion
		c, err := f.loadPools(cmd.Context())
		if err != nil {
			return nil
		}
		for _, p := range c.Pools {
			names = append(names, cobra.CompletionWithDesc(termtext.Clean(p.Name), termtext.Clean(p.BaseProvider)))
		}
		return names
	})
}

// completeChains is completePools for chains.
func completeChains(f *Factory, n int) cobra.CompletionFunc {
	return completeFrom(n, func(cmd *cobra.Command) []cobra.Completion {
		c, err := f.loadPools(cmd.Context())
		if err != nil {
			return nil
		}
		var names []cobra.Completion
		for _, name := range c.ChainNames() {
			names = append(names, termtext.Clean(name))
		}
		return names
	})
}

func completeFrom(n int, names func(*cobra.Command) []cobra.Completion) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if n >= 0 && len(args) >= n {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return names(cmd), cobra.ShellCompDirectiveNoFileComp
	}
}
