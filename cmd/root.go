package cmd

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
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
  kyoli                             on a terminal: a menu of the accounts
  kyoli login openai                log in, and add the account
  kyoli exec -- opencode run "hi"`,
		Args:                       cobra.NoArgs,
		SuggestionsMinimumDistance: 2,
		SilenceUsage:               true,
		SilenceErrors:              true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			f.command = strings.TrimPrefix(cmd.CommandPath(), "kyoli ")
			return f.opts.validate()
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return runRoot(cmd, f) },
	}
	f.opts.addFlags(root.PersistentFlags())
	_ = root.RegisterFlagCompletionFunc("provider", completeProviders(f))
	_ = root.RegisterFlagCompletionFunc("format", fixed(formats...))
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return flagError(err) })
	root.AddGroup(
		&cobra.Group{ID: groupRun, Title: "Running programs:"},
		&cobra.Group{ID: groupAccounts, Title: "Accounts:"},
		&cobra.Group{ID: groupSetup, Title: "Setup:"},
	)
	// One line a command.
	add(root, groupAccounts, newAccountsCmd(f))
	add(root, groupAccounts, newLoginCmd(f, nil))
	add(root, groupRun, newExecCmd(f, nil))
	add(root, groupRun, newClaimsCmd(f))
	add(root, groupRun, newProxyCmd(f, nil))
	add(root, groupRun, newSyncAuthCmd(f, nil))
	add(root, groupAccounts, newMenuCmd(f, nil))
	add(root, groupAccounts, newRefreshCmd(f, nil))
	add(root, groupAccounts, newImportCmd(f, nil))
	add(root, groupAccounts, newExportCmd(f, nil))
	add(root, groupAccounts, newMigrateCmd(f))
	add(root, groupAccounts, newChainsCmd(f))
	add(root, groupAccounts, newPoolsCmd(f))
	add(root, groupSetup, newConfigCmd(f))
	add(root, groupSetup, newDemoCmd(f, nil))
	add(root, groupSetup, newDoctorCmd(f, nil))
	add(root, groupRun, newEventsCmd(f, nil))
	add(root, groupSetup, newProvidersCmd(f))
	add(root, groupSetup, newVersionCmd(f, nil))
	root.AddCommand(newGenerateCmd(f, nil))
	addHelpTopics(root)
	refuseUnknownHelp(root)
	checkArgs(root)
	return root
}

// checkArgs makes wrong arguments usage errors, in the whole tree, with the name
// of the command that may have been meant.
func checkArgs(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			err := check(cmd, args)
			switch {
			case err == nil:
				return nil
			case !cmd.HasSubCommands() && err.Error() == fmt.Sprint(cobra.NoArgs(cmd, args)):
				// What was given is not repeated: it may be a token.
				err = fmt.Errorf("%s takes no arguments", cmd.CommandPath())
			}
			return usageErrorf(meant(cmd, args), "%w", err)
		}
	}
	for _, sub := range cmd.Commands() {
		checkArgs(sub)
	}
}

// flagError is a wrong flag. The value of a flag that takes none is not repeated:
// who gives one to --refresh-token-stdin gives the token.
func flagError(err error) error {
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) && invalid.GetFlag().Value.Type() == "bool" {
		return flagErrorf("--%s is either there or not, and takes no other value", invalid.GetFlag().Name)
	}
	return flagErrorf("%w", err)
}

// refuseUnknownHelp makes help on what there is not a usage error.
func refuseUnknownHelp(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	for _, help := range root.Commands() {
		if help.Name() != "help" {
			continue
		}
		help.Run = nil
		help.RunE = func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return usageErrorf("kyoli --help", "there is no command and no help topic of that name")
			}
			cmd.InitDefaultHelpFlag()
			return cmd.Help()
		}
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
