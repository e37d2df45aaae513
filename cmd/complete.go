package cmd

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/internal/termtext"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// completeAccounts completes names of accounts, at most limit of them (0 = any
// number): no lock, no network, and no word of what cannot be read.
func completeAccounts(f *Factory, limit int) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, start string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if limit > 0 && len(args) >= limit {
			return nil, cobra.ShellCompDirectiveNoFileComp
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
				a := accounts.List[i]
				if termtext.Clean(name) != name { // nobody can type it
					if name = a.UUID; termtext.Clean(name) != name {
						continue
					}
				}
				if strings.HasPrefix(name, start) && !slices.Contains(args, name) {
					names = append(names, cobra.CompletionWithDesc(name, describe(id, name, a)))
				}
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

// describe says what tells an account from others, beside its name.
func describe(provider, name string, a *store.Account) string {
	what := provider
	if a.Email != "" && a.Email != name {
		what += " " + a.Email
	}
	return shown(what)
}

// completeProviders completes the value of --provider.
func completeProviders(f *Factory) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		r, err := f.Registry()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var ids []cobra.Completion
		for _, a := range r.All() {
			ids = append(ids, cobra.CompletionWithDesc(a.ID, termtext.Clean(a.DisplayName)))
		}
		return ids, cobra.ShellCompDirectiveNoFileComp
	}
}
