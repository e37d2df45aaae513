package cmd

import (
	"context"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/internal/termtext"
	"github.com/kyoli-gam/kyoli/pkg/proxy"
)

// proxyKeys are the tokens of the proxy.
func (f *Factory) proxyKeys() *proxy.KeyFile {
	return &proxy.KeyFile{
		Path: filepath.Join(f.stateDir(), "proxy-tokens.json"), LockTimeout: f.opts.LockTimeout, Now: f.now,
		Every: 100 * time.Millisecond,
	}
}

func newProxyTokenCmd(f *Factory) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Make, list and end the tokens that programs show to the proxy",
		Long: `A token lets a program use all accounts of 'kyoli proxy'. It is shown once, when
it is made; only its hash is kept. A proxy that runs knows of changes at once.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newProxyTokenAddCmd(f, nil), newProxyTokenListCmd(f, nil), newProxyTokenRmCmd(f, nil))
	return cmd
}

type proxyTokenAddOptions struct{ Name string }

func newProxyTokenAddCmd(f *Factory, runF func(context.Context, *proxyTokenAddOptions) error) *cobra.Command {
	o := &proxyTokenAddOptions{}
	return &cobra.Command{
		Use:               "add NAME",
		Short:             "Make a token and print it, this once",
		Example:           `  TOKEN=$(kyoli proxy token add ci)`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Name = args[0]
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runProxyTokenAdd(cmd.Context(), f, o)
		},
	}
}

func runProxyTokenAdd(ctx context.Context, f *Factory, o *proxyTokenAddOptions) error {
	secret, err := f.proxyKeys().Add(ctx, o.Name)
	if err != nil {
		return err
	}
	table := &termtext.Table{}
	table.Row(termtext.Text(secret.Reveal()))
	return f.Print(table, map[string]string{"name": o.Name, "token": secret.Reveal()})
}

type proxyTokenListOptions struct{}

func newProxyTokenListCmd(f *Factory, runF func(context.Context, *proxyTokenListOptions) error) *cobra.Command {
	o := &proxyTokenListOptions{}
	return &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List the tokens' names",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runProxyTokenList(f)
		},
	}
}

// proxyTokenRow is one token in `kyoli proxy token list --json`.
type proxyTokenRow struct {
	Name    string `json:"name"`
	Created string `json:"created"` // RFC 3339
}

func runProxyTokenList(f *Factory) error {
	keys, err := f.proxyKeys().List()
	if err != nil {
		return err
	}
	rows := []proxyTokenRow{}
	table := &termtext.Table{Heads: []string{"name", "created"}}
	for _, k := range keys {
		row := proxyTokenRow{Name: k.Name, Created: k.Created.UTC().Format(time.RFC3339)}
		rows = append(rows, row)
		table.Row(termtext.Text(row.Name), termtext.Text(row.Created))
	}
	return f.Print(table, rows)
}

type proxyTokenRmOptions struct {
	Name string
	Yes  bool
}

func newProxyTokenRmCmd(f *Factory, runF func(context.Context, *proxyTokenRmOptions) error) *cobra.Command {
	o := &proxyTokenRmOptions{}
	cmd := &cobra.Command{
		Use:               "rm NAME",
		Aliases:           []string{"remove"},
		Short:             "End a token: programs that show it are refused from now on",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeProxyTokens(f),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Name = args[0]
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runProxyTokenRm(cmd.Context(), f, o)
		},
	}
	cmd.Flags().BoolVarP(&o.Yes, "yes", "y", false, "do not ask")
	return cmd
}

func runProxyTokenRm(ctx context.Context, f *Factory, o *proxyTokenRmOptions) error {
	if err := f.confirmRemoval(o.Yes, "token", []string{o.Name}); err != nil {
		return err
	}
	return f.proxyKeys().Remove(ctx, o.Name)
}

func completeProxyTokens(f *Factory) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		keys, err := f.proxyKeys().List()
		if err != nil || len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var names []cobra.Completion
		for _, k := range keys {
			names = append(names, termtext.Clean(k.Name))
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}
