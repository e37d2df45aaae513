package cmd

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"

	"github.com/kyoli-gam/kyoli/pkg/config"
	"github.com/kyoli-gam/kyoli/pkg/provider"
)

type providersAddOptions struct {
	Name            string
	From            string
	ClientID        string
	ClientSecretEnv string
	DisplayName     string
	BaseURL         string
	Scopes          []string
	DryRun          bool
	Yes             bool
}

func newProvidersAddCmd(f *Factory, runF func(context.Context, *providersAddOptions) error) *cobra.Command {
	o := &providersAddOptions{}
	cmd := &cobra.Command{
		Use:   "add NAME --from-discovery URL --client-id ID",
		Short: "Write an adapter into kyoli.yaml, from what an issuer says of itself",
		Long: `Asks an OpenID provider or OAuth server for its metadata (OpenID Connect Discovery,
RFC 8414) and writes what they say into kyoli.yaml as the adapter NAME: its
endpoints and scopes. All else in the file stays as it is, comments too. Nobody is
logged in, and no secret is sent.

URL is the issuer's, or that of its metadata. They have to name the same issuer,
and https endpoints (plain http on this machine alone), and PKCE with S256. The
client id is what the provider calls kyoli: register it there as a public (native)
client with the redirect URL http://127.0.0.1/callback.

Where kyoli.yaml has an adapter of that name, asks before it changes it; --yes
answers. What discovery says nothing of is kept.`,
		Example: `  kyoli providers add acme --from-discovery https://login.acme.example --client-id kyoli
  kyoli providers add acme --from-discovery https://login.acme.example --client-id kyoli --dry-run`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Name = args[0]
			if o.From == "" {
				return flagErrorf("--from-discovery is needed; an adapter can also be written key by key, with kyoli config set adapters.NAME.KEY VALUE")
			}
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runProvidersAdd(cmd.Context(), f, o)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&o.From, "from-discovery", "", "the issuer's `URL`")
	fs.StringVar(&o.ClientID, "client-id", "", "what the provider calls kyoli")
	fs.StringVar(&o.ClientSecretEnv, "client-secret-env", "", "the `variable` that holds the client secret, where there is one")
	fs.StringVar(&o.DisplayName, "display-name", "", "the provider's name for people")
	fs.StringVar(&o.BaseURL, "base-url", "", "the `URL` of its API, for the proxy")
	fs.StringSliceVar(&o.Scopes, "scope", nil, "ask for these `scopes` instead of those that discovery suggests")
	fs.BoolVar(&o.DryRun, "dry-run", false, "print the adapter and write nothing")
	fs.BoolVarP(&o.Yes, "yes", "y", false, "do not ask before an adapter is changed")
	return cmd
}

// addedProvider is `kyoli providers add --json`.
type addedProvider struct {
	Result   string       `json:"result"` // added, updated, unchanged
	DryRun   bool         `json:"dry_run"`
	Issuer   string       `json:"issuer"`
	Notes    []string     `json:"notes"` // what may not work
	Provider providerInfo `json:"provider"`
}

func runProvidersAdd(ctx context.Context, f *Factory, o *providersAddOptions) error {
	c, known, err := f.toAdd(o)
	if err != nil {
		return err
	}
	m, err := f.client().Discover(ctx, o.From)
	if err != nil {
		return err
	}
	values := o.adapter(m, known)
	if err := checkNew(c, o.Name, values); err != nil {
		return err
	}
	out := addedProvider{Result: "added", DryRun: o.DryRun, Issuer: m.Issuer, Notes: append([]string{}, m.Notes...)}
	changes, err := c.PreviewAdapter(o.Name, values)
	switch {
	case err != nil:
		return err
	case !changes:
		out.Result = "unchanged"
	case known != nil:
		out.Result = "updated"
	}
	if changes && !o.DryRun {
		if err := f.putAdapter(ctx, c, o, known != nil, values); err != nil {
			return err
		}
	}
	return f.printAdded(c, o, out, values)
}

// toAdd is where the adapter goes, and what is there of it; nil = nothing.
func (f *Factory) toAdd(o *providersAddOptions) (*config.Config, *yaml.Node, error) {
	c, err := f.Config()
	if err != nil {
		return nil, nil, err
	}
	for _, id := range provider.Names(nil) {
		if id == o.Name {
			return nil, nil, usageErrorf("kyoli providers show "+id, "%s is built in; a provider of your own needs another name", id)
		}
	}
	known, there := c.Adapters()[o.Name]
	if there && known == nil {
		known = &yaml.Node{}
	}
	if v, ok, _ := c.Get("adapters." + o.Name + ".client_id"); o.ClientID == "" && (!ok || v.Value == "") {
		return nil, nil, flagErrorf("--client-id is needed: what the provider calls kyoli, from its list of applications")
	}
	c.CheckAdapters = checkAdapters
	return c, known, checkNew(c, o.Name, &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}) // the name, before anybody is asked
}

func (f *Factory) putAdapter(ctx context.Context, c *config.Config, o *providersAddOptions, known bool, values *yaml.Node) error {
	if known && !o.Yes {
		yes, err := f.Confirm(fmt.Sprintf("change the adapter %s in %s?", o.Name, c.File))
		if err != nil {
			return err
		}
		if !yes {
			return failf(exitCancelled, "", "nothing was changed")
		}
	}
	return c.PutAdapter(ctx, o.Name, values)
}

// checkNew finds what is wrong with the new values before kyoli.yaml is looked at:
// they came from the command line or from the issuer.
func checkNew(c *config.Config, name string, values *yaml.Node) error {
	problems, err := provider.Check(map[string]*yaml.Node{name: values}, c.File, name)
	if err != nil {
		return err
	}
	for _, p := range problems {
		if p.Severity == provider.SeverityError && !strings.HasPrefix(p.Reason, "missing") {
			if p.Key == "" { // the name itself
				return usageErrorf("kyoli providers add --help", "adapter %q: %s", name, p.Reason)
			}
			return usageErrorf("kyoli providers add --help", "adapter %q: key %q: %s", name, p.Key, p.Reason)
		}
	}
	return nil
}

func (f *Factory) printAdded(c *config.Config, o *providersAddOptions, out addedProvider, values *yaml.Node) error {
	for _, note := range out.Notes {
		f.Note("note: %s", note)
	}
	if f.structured() {
		a, err := f.written(c, o, values)
		if err != nil {
			return err
		}
		out.Provider = infoOf(a, true)
		return f.Print(nil, out)
	}
	if o.DryRun {
		return f.printBlock(o.Name, values)
	}
	f.Note("%s: %s in %s, from %s", o.Name, out.Result, c.File, out.Issuer)
	f.Note("hint: kyoli login %s", o.Name)
	return nil
}

// written is the adapter as it is in kyoli.yaml now, or would be.
func (f *Factory) written(c *config.Config, o *providersAddOptions, values *yaml.Node) (*provider.Adapter, error) {
	if !o.DryRun {
		return adapterOf(c, o.Name)
	}
	merged := *values
	if known := c.Adapters()[o.Name]; known != nil {
		merged = *mergedOver(known, values)
	}
	r, err := provider.Load(map[string]*yaml.Node{o.Name: &merged}, c.File)
	if err != nil {
		return nil, err
	}
	return r.Get(o.Name)
}
