package cmd

import (
	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/internal/termtext"
)

// completeAccounts completes names of accounts, at most limit of them (0 = any
// number): no lock, no network, and no word of what cannot be read.
func completeAccounts(f *Factory, limit int) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if limit > 0 && len(args) >= limit {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		given := map[string]bool{}
		for _, arg := range args {
			given[arg] = true
		}
		var names []cobra.Completion
		ids, err := f.listed()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		for _, id := range ids {
			backend, err := f.Store(id)
			if err != nil {
				continue
			}
			accounts, err := backend.Peek(cmd.Context())
			if err != nil {
				continue
			}
			for i, name := range accounts.Names() {
				if name = termtext.Clean(name); !given[name] {
					names = append(names, cobra.CompletionWithDesc(name, id+" "+termtext.Clean(accounts.List[i].Email)))
				}
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeProviders completes the value of --provider.
func completeProviders(f *Factory) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		r, err := f.Registry()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var ids []cobra.Completion
		for _, id := range r.IDs() {
			ids = append(ids, cobra.Completion(id))
		}
		return ids, cobra.ShellCompDirectiveNoFileComp
	}
}
