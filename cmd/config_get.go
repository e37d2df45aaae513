package cmd

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/internal/termtext"
	"github.com/kyoli-gam/kyoli/pkg/config"
)

type configGetOptions struct {
	Key string
}

func newConfigGetCmd(f *Factory, runF func(context.Context, *configGetOptions) error) *cobra.Command {
	o := &configGetOptions{}
	return &cobra.Command{
		Use:               "get KEY",
		Short:             "Print a setting",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeConfigKey(f),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Key = args[0]
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runConfigGet(f, o)
		},
	}
}

func runConfigGet(f *Factory, o *configGetOptions) error {
	v, err := f.setting(f.withProvider(o.Key))
	if err != nil {
		return err
	}
	table := &termtext.Table{}
	table.Row(termtext.Text(config.Format(v.Value)))
	return f.Print(table, settingOf(v))
}

// withProvider makes a setting that of --provider.
func (f *Factory) withProvider(key string) string {
	if parts := strings.Split(key, "."); f.opts.Provider == "" || parts[0] == "providers" || parts[0] == "adapters" {
		return key
	}
	return providerKey(f.opts.Provider, key)
}

// setting is the value in force, also where the key names a provider that has
// none of its own.
func (f *Factory) setting(key string) (config.Value, error) {
	parts, err := config.SplitKey(key)
	if err != nil {
		return config.Value{}, err
	}
	if parts[0] == "adapters" {
		return f.adapterValue(key, parts[1])
	}
	id, name := config.Setting(parts)
	values, err := f.settingsInForce(id)
	if err != nil {
		return config.Value{}, err
	}
	i := slices.IndexFunc(values, func(v config.Value) bool { return v.Key == name })
	v := values[i] // SplitKey has checked the name
	v.Key = key
	return v, nil
}

func (f *Factory) adapterValue(key, id string) (config.Value, error) {
	c, err := f.Config()
	if err != nil {
		return config.Value{}, err
	}
	v, ok, err := c.Get(key)
	if err == nil && !ok {
		err = failf(exitGeneral, "kyoli providers show "+id, "%s is not set in %s", key, c.File)
	}
	return v, err
}
