package cmd

import (
	"strings"

	"github.com/spf13/cobra"
)

// Groups of `kyoli --help`.
const (
	groupAccounts = "accounts"
	groupRun      = "run"
	groupSetup    = "setup"
)

// newRootCmd makes the whole command tree. Nothing is opened by it.
func newRootCmd(f *Factory) *cobra.Command {
	root := &cobra.Command{
		Use:   "kyoli",
		Short: "Share several accounts of one AI provider between programs",
		Long: `kyoli keeps several accounts of one AI provider, refreshes their tokens and
gives each program one that is usable.

  kyoli demo                        see it work, on this machine only
  kyoli accounts add --provider openai < account.json
  kyoli exec -- opencode run "hi"`,
		Args:                       cobra.NoArgs,
		SuggestionsMinimumDistance: 2,
		SilenceUsage:               true,
		SilenceErrors:              true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			f.command = strings.TrimPrefix(cmd.CommandPath(), "kyoli ")
			return f.opts.validate()
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	f.opts.addFlags(root.PersistentFlags())
	_ = root.RegisterFlagCompletionFunc("provider", completeProviders(f))
	_ = root.RegisterFlagCompletionFunc("format", fixed(formats...))
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return flagErrorf("%w", err) })
	root.AddGroup(
		&cobra.Group{ID: groupRun, Title: "Running programs:"},
		&cobra.Group{ID: groupAccounts, Title: "Accounts:"},
		&cobra.Group{ID: groupSetup, Title: "Setup:"},
	)
	// One line a command.
	add(root, groupAccounts, newAccountsCmd(f))
	add(root, groupRun, newExecCmd(f, nil))
	add(root, groupRun, newClaimsCmd(f))
	add(root, groupRun, newProxyCmd(f, nil))
	add(root, groupRun, newSyncAuthCmd(f, nil))
	add(root, groupAccounts, newRefreshCmd(f, nil))
	add(root, groupAccounts, newMigrateCmd(f))
	add(root, groupAccounts, newChainsCmd(f))
	add(root, groupAccounts, newPoolsCmd(f))
	add(root, groupSetup, newConfigCmd(f))
	add(root, groupSetup, newDemoCmd(f, nil))
	add(root, groupRun, newEventsCmd(f, nil))
	add(root, groupSetup, newProvidersCmd(f))
	add(root, groupSetup, newVersionCmd(f, nil))
	root.AddCommand(newGenerateCmd(f, nil))
	addHelpTopics(root)
	checkArgs(root)
	return root
}

// checkArgs makes wrong arguments usage errors, in the whole tree, with the name
// of the command that may have been meant.
func checkArgs(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return usageErrorf(meant(cmd, args), "%w", err)
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		checkArgs(sub)
	}
}

func meant(cmd *cobra.Command, args []string) string {
	if len(args) > 0 && cmd.HasSubCommands() {
		if names := cmd.SuggestionsFor(args[0]); len(names) > 0 {
			return cmd.CommandPath() + " " + names[0]
		}
	}
	return cmd.CommandPath() + " --help"
}

func add(root *cobra.Command, group string, cmd *cobra.Command) {
	cmd.GroupID = group
	root.AddCommand(cmd)
}
