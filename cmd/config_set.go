package cmd

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"

	"github.com/kyoli-gam/kyoli/pkg/config"
	"github.com/kyoli-gam/kyoli/pkg/provider"
)

type configSetOptions struct {
	Key, Value string
}

func newConfigSetCmd(f *Factory, runF func(context.Context, *configSetOptions) error) *cobra.Command {
	o := &configSetOptions{}
	return &cobra.Command{
		Use:   "set KEY VALUE",
		Short: "Change a setting",
		Long: `Changes a setting in kyoli.yaml, and leaves all else in the file, comments too,
as it is. A value that the key does not allow, or a file that does not parse, is
an error, and nothing is written. An adapter can be made key by key; it is a
provider once it has client_id and token_url.

storage.encryption keyring or age seals the refresh and access tokens in all of
kyoli's files, with a key in the system's keyring or in an age identity file
(storage.age_identity; one is made where there is none). Setting it brings the
tokens that there are into the new form; cut off, it goes on with the same
command. The npm plugins cannot read sealed tokens.`,
		Example: `  kyoli config set account_selection_strategy hybrid
  kyoli config set max_consecutive_auth_failures 5 --provider openai
  kyoli config set storage.encryption keyring`,
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: completeConfigSet(f),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Key, o.Value = args[0], args[1]
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runConfigSet(cmd.Context(), f, o)
		},
	}
}

func runConfigSet(ctx context.Context, f *Factory, o *configSetOptions) error {
	key := f.withProvider(o.Key)
	parts, err := config.SplitKey(key)
	if err != nil {
		return err
	}
	if parts[0] == "providers" {
		if _, err := f.Adapter(parts[1]); err != nil {
			return err
		}
	}
	c, err := f.Config()
	if err != nil {
		return err
	}
	if key == keyEncryption || key == keyAgeIdentity {
		return runConfigSetSealing(ctx, f, c, key, o.Value)
	}
	c.CheckAdapters = checkAdapters
	if err := c.Set(ctx, key, o.Value); err != nil || parts[0] != "adapters" {
		return err
	}
	return f.noteMissing(c, parts[1])
}

func checkAdapters(adapters map[string]*yaml.Node, file string) error {
	_, err := provider.Load(adapters, file)
	return err
}

// noteMissing says what an adapter that is made key by key still needs.
func (f *Factory) noteMissing(c *config.Config, id string) error {
	r, err := provider.Load(c.Adapters(), c.File)
	if err != nil {
		return err
	}
	for _, e := range r.Incomplete()[id] {
		f.Note("%s still needs %s\nhint: kyoli config set adapters.%s.%s VALUE", id, e.Key, id, e.Key)
	}
	return nil
}

// completeConfigKey completes a key; those of providers and adapters once the
// word has begun with their section.
func completeConfigKey(f *Factory) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return f.configKeys(toComplete), cobra.ShellCompDirectiveNoFileComp
	}
}

func (f *Factory) configKeys(begun string) []cobra.Completion {
	var keys []cobra.Completion
	for _, k := range config.Keys() {
		keys = append(keys, cobra.CompletionWithDesc(k.Name, k.Meaning))
	}
	r, err := f.Registry()
	if err != nil {
		return keys
	}
	for _, id := range r.IDs() {
		if strings.HasPrefix(begun, "providers.") {
			for _, k := range config.Keys() {
				if !k.Global() {
					keys = append(keys, cobra.CompletionWithDesc(providerKey(id, k.Name), k.Meaning))
				}
			}
		}
		if strings.HasPrefix(begun, "adapters.") {
			for _, name := range provider.AdapterKeys() {
				keys = append(keys, "adapters."+id+"."+name)
			}
		}
	}
	return keys
}

// completeConfigSet completes a key and then the values it can have.
func completeConfigSet(f *Factory) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
		switch len(args) {
		case 0:
			return f.configKeys(toComplete), cobra.ShellCompDirectiveNoFileComp
		case 1:
			_, name := config.Setting(strings.Split(args[0], "."))
			for _, k := range config.Keys() {
				if k.Name == name {
					return k.Choices(), cobra.ShellCompDirectiveNoFileComp
				}
			}
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
}
