package cmd

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"

	"github.com/kyoli-gam/kyoli/internal/termtext"
	"github.com/kyoli-gam/kyoli/pkg/config"
	"github.com/kyoli-gam/kyoli/pkg/provider"
)

type providersCheckOptions struct {
	Providers []string // none = all that kyoli.yaml has
}

func newProvidersCheckCmd(f *Factory, runF func(context.Context, *providersCheckOptions) error) *cobra.Command {
	o := &providersCheckOptions{}
	return &cobra.Command{
		Use:   "check [PROVIDER…]",
		Short: "Check adapters in kyoli.yaml, without asking anybody",
		Long: `Names everything that is wrong with an adapter in kyoli.yaml, with file and line,
and where nothing is, what will not work with it. Nobody is asked. Without a name,
all adapters in kyoli.yaml are checked.

Exit code 0 where there are no errors (warnings aside), 1 where there are.`,
		Example: `  kyoli providers check acme
  kyoli providers check --json | jq '.[] | select(.severity == "error")'`,
		ValidArgsFunction: completeCheckable(f),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Providers = args
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runProvidersCheck(f, o)
		},
	}
}

// problemRow is one row of `kyoli providers check --json`.
type problemRow struct {
	Provider string            `json:"provider"` // "" for a fault of the file as a whole
	Severity provider.Severity `json:"severity"` // error, warning
	File     string            `json:"file"`
	Line     int               `json:"line"` // from 1; 0 where it is not at a line
	Key      string            `json:"key"`
	Message  string            `json:"message"`
}

func runProvidersCheck(f *Factory, o *providersCheckOptions) error {
	rows, err := f.problems(o)
	if err != nil {
		return err
	}
	table := &termtext.Table{Heads: []string{"severity", "where", "key", "problem"}}
	failed := false
	for _, row := range rows {
		where := row.File
		if row.Line > 0 {
			where = fmt.Sprintf("%s:%d", row.File, row.Line)
		}
		table.Row(termtext.Text(string(row.Severity)), termtext.Text(where), termtext.Text(row.path()), termtext.Text(row.Message))
		failed = failed || row.Severity == provider.SeverityError
	}
	if len(rows) > 0 || f.structured() {
		if err := f.Print(table, rows); err != nil {
			return err
		}
	}
	if failed {
		return exitWith(exitGeneral)
	}
	return nil
}

// path is the key as `kyoli config set` takes it.
func (r *problemRow) path() string {
	switch {
	case r.Provider == "":
		return r.Key
	case r.Key == "":
		return "adapters." + r.Provider
	}
	return "adapters." + r.Provider + "." + r.Key
}

// problems are those of the adapters named, or of all in kyoli.yaml. A file that
// cannot be read as settings is one problem.
func (f *Factory) problems(o *providersCheckOptions) ([]problemRow, error) {
	c, err := f.Config()
	var broken *config.Error
	if errors.As(err, &broken) {
		return []problemRow{{"", provider.SeverityError, broken.File, broken.Line, broken.Key, broken.Reason}}, nil
	}
	if err != nil {
		return nil, err
	}
	ids := o.Providers
	if len(ids) == 0 {
		ids = slices.Sorted(maps.Keys(c.Adapters()))
		if len(ids) == 0 {
			f.Note("%s has no adapters", c.File)
		}
	}
	rows := []problemRow{}
	for _, id := range ids {
		found, err := provider.Check(c.Adapters(), c.File, id)
		if err != nil {
			return nil, err
		}
		for _, p := range found {
			rows = append(rows, problemRow{id, p.Severity, p.File, p.Line, p.Key, p.Reason})
		}
		if row, lacks := f.secretMissing(c, id, found); lacks {
			rows = append(rows, row)
		} else if len(found) == 0 {
			f.Note("%s: nothing is wrong", id)
		}
	}
	return rows, nil
}

// secretMissing is a client secret that the adapter needs and that is not in the
// environment.
func (f *Factory) secretMissing(c *config.Config, id string, found []provider.Problem) (problemRow, bool) {
	if slices.ContainsFunc(found, func(p provider.Problem) bool { return p.Severity == provider.SeverityError }) {
		return problemRow{}, false
	}
	a, err := adapterOf(c, id)
	if err != nil || a.ClientSecretEnv == "" || f.Env.Named(a.ClientSecretEnv) != "" {
		return problemRow{}, false
	}
	row := problemRow{id, provider.SeverityWarning, c.File, 0, "client_secret_env", "names " + a.ClientSecretEnv + ", which is not set here"}
	if v, ok, err := c.Get("adapters." + id + ".client_secret_env"); err == nil && ok {
		row.Line = v.Source.Line
	}
	return row, true
}

// adapterOf is one adapter, whatever is wrong with the others.
func adapterOf(c *config.Config, id string) (*provider.Adapter, error) {
	only := map[string]*yaml.Node{}
	if node, ok := c.Adapters()[id]; ok {
		only[id] = node
	}
	r, err := provider.Load(only, c.File)
	if err != nil {
		return nil, err
	}
	return r.Get(id)
}

// completeCheckable completes names of adapters, also of those that are wrong.
func completeCheckable(f *Factory) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		c, err := f.Config()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		names := slices.DeleteFunc(provider.Names(c.Adapters()), func(id string) bool { return slices.Contains(args, id) })
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}
