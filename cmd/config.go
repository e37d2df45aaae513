package cmd

import (
	"context"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/internal/termtext"
	"github.com/kyoli-gam/kyoli/pkg/config"
)

func newConfigCmd(f *Factory) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Show and change the settings",
		Long: `The settings are in kyoli.yaml (see "kyoli config path"). What it leaves out
comes from the npm plugin's own file, if there is one, else it is the default.

A KEY is a setting, such as quiet_mode; a setting of one provider, such as
providers.openai.quiet_mode (or quiet_mode --provider openai); or a value of an
adapter, such as adapters.openai.token_url.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newConfigPathCmd(f, nil), newConfigListCmd(f, nil), newConfigGetCmd(f, nil), newConfigSetCmd(f, nil))
	return cmd
}

type configPathOptions struct{}

func newConfigPathCmd(f *Factory, runF func(context.Context, *configPathOptions) error) *cobra.Command {
	o := &configPathOptions{}
	return &cobra.Command{
		Use:   "path",
		Short: "Print the path of kyoli.yaml",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runConfigPath(f)
		},
	}
}

// runConfigPath does not read the file: this is the command for a broken one.
func runConfigPath(f *Factory) error {
	dir, err := config.Dir(f.opts.ConfigDir, f.Env.Get, f.Env.Home())
	if err != nil {
		return err
	}
	file := filepath.Join(dir, config.FileName)
	table := &termtext.Table{}
	table.Row(termtext.Text(file))
	return f.Print(table, map[string]string{"path": file, "dir": dir})
}

type configListOptions struct{}

func newConfigListCmd(f *Factory, runF func(context.Context, *configListOptions) error) *cobra.Command {
	o := &configListOptions{}
	return &cobra.Command{
		Use:   "list",
		Short: "List the settings and where each comes from",
		Long: `Lists the settings and where each comes from. With --provider, those in force
for it; without, those for all, and then what kyoli.yaml sets for one provider.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runConfigList(f)
		},
	}
}

func runConfigList(f *Factory) error {
	values, err := f.settingsInForce(f.opts.Provider)
	if err != nil {
		return err
	}
	if f.opts.Provider == "" {
		own, err := f.settingsOfProviders()
		if err != nil {
			return err
		}
		values = append(values, own...)
	}
	table := &termtext.Table{Heads: []string{"key", "value", "from"}}
	rows := []settingInfo{}
	for _, v := range values {
		info := settingOf(v)
		rows = append(rows, info)
		table.Row(termtext.Text(info.Key), termtext.Text(config.Format(v.Value)), termtext.Text(info.Source))
	}
	return f.Print(table, rows)
}

// settingInfo is one setting in `config list --json` and `config get --json`.
type settingInfo struct {
	Key    string `json:"key"`
	Value  any    `json:"value"`
	Source string `json:"source"` // "default" or FILE:LINE
}

func settingOf(v config.Value) settingInfo {
	return settingInfo{v.Key, v.Value, v.Source.String()}
}

// settingsInForce are those of one provider, or with "" those for all.
func (f *Factory) settingsInForce(id string) ([]config.Value, error) {
	r, err := f.Registry() // also finds faults in the adapters' part of the file
	if err != nil {
		return nil, err
	}
	c, err := f.Config()
	if err != nil {
		return nil, err
	}
	pluginFile := ""
	if id != "" {
		a, err := r.Get(id)
		if err != nil {
			return nil, err
		}
		pluginFile = a.PluginConfigFile
	}
	return c.List(id, pluginFile)
}

// settingsOfProviders are those that kyoli.yaml has for one provider.
func (f *Factory) settingsOfProviders() ([]config.Value, error) {
	c, err := f.Config()
	if err != nil {
		return nil, err
	}
	r, err := f.Registry()
	if err != nil {
		return nil, err
	}
	var values []config.Value
	for _, id := range r.IDs() {
		for _, k := range config.Keys() {
			if k.Global() {
				continue
			}
			v, ok, err := c.Get(providerKey(id, k.Name))
			if err != nil {
				return nil, err
			}
			if ok {
				values = append(values, v)
			}
		}
	}
	return values, nil
}

func providerKey(id, name string) string { return "providers." + id + "." + name }
