package cmd

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/internal/termtext"
	"github.com/kyoli-gam/kyoli/pkg/provider"
)

func newProvidersCmd(f *Factory) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "providers",
		Aliases: []string{"provider"},
		Short:   "Show the providers, and add and check adapters",
		Long: `A provider is a service that issues and accepts credentials. What kyoli has to
know of one is its adapter: openai and anthropic are built in, and kyoli.yaml can
change those and add others under "adapters".`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newProvidersListCmd(f, nil), newProvidersShowCmd(f, nil), newProvidersCheckCmd(f, nil),
		newProvidersAddCmd(f, nil), newProvidersRmCmd(f, nil))
	return cmd
}

type providersListOptions struct{}

func newProvidersListCmd(f *Factory, runF func(context.Context, *providersListOptions) error) *cobra.Command {
	o := &providersListOptions{}
	return &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List the providers",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runProvidersList(f)
		},
	}
}

func runProvidersList(f *Factory) error {
	ids, err := f.listed()
	if err != nil {
		return err
	}
	table := &termtext.Table{Heads: []string{"provider", "name", "adapter", "base url"}}
	rows := []providerInfo{}
	for _, id := range ids {
		info, err := f.providerInfo(id)
		if err != nil {
			return err
		}
		rows = append(rows, info)
	}
	if f.opts.Provider == "" {
		rows = append(rows, f.incompleteProviders()...)
		slices.SortFunc(rows, func(a, b providerInfo) int { return strings.Compare(a.ID, b.ID) })
	}
	for _, info := range rows {
		table.Row(termtext.Text(info.ID), termtext.Text(info.DisplayName), termtext.Text(info.origin()), termtext.Text(info.BaseURL))
	}
	return f.Print(table, rows)
}

// incompleteProviders are those that are none yet.
func (f *Factory) incompleteProviders() []providerInfo {
	r, err := f.Registry()
	if err != nil {
		return nil
	}
	var infos []providerInfo
	for id := range r.Incomplete() {
		info := infoOf(r.Draft(id), true)
		info.Incomplete = true
		infos = append(infos, info)
	}
	return infos
}

type providersShowOptions struct {
	Provider string
}

func newProvidersShowCmd(f *Factory, runF func(context.Context, *providersShowOptions) error) *cobra.Command {
	o := &providersShowOptions{}
	return &cobra.Command{
		Use:               "show PROVIDER",
		Short:             "Show a provider's adapter, as it is in force",
		Example:           `  kyoli providers show openai --format yaml`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeProviderName(f),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Provider = args[0]
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runProvidersShow(f, o)
		},
	}
}

func runProvidersShow(f *Factory, o *providersShowOptions) error {
	info, err := f.providerInfo(o.Provider)
	if err != nil {
		return err
	}
	table := &termtext.Table{}
	for _, row := range info.rows() {
		if row.value != "" {
			table.Row(termtext.Text(row.key), termtext.Text(row.value))
		}
	}
	return f.Print(table, info)
}

// providerInfo is an adapter as kyoli.yaml would have it, so that what is shown
// can be pasted there, and where it comes from.
type providerInfo struct {
	ID         string `json:"id"`
	Builtin    bool   `json:"builtin"`
	Overridden bool   `json:"overridden"` // a built-in one that kyoli.yaml changes
	Incomplete bool   `json:"incomplete"` // it lacks client_id or token_url, and is no provider yet

	DisplayName     string            `json:"display_name"`
	AuthJSONKey     string            `json:"auth_json_key"`
	AccountsFile    string            `json:"accounts_file"`
	PluginFile      string            `json:"plugin_config_file,omitempty"`
	ClientID        string            `json:"client_id"`
	ClientSecretEnv string            `json:"client_secret_env,omitempty"`
	ClientAuth      string            `json:"client_auth,omitempty"`
	AuthorizeURL    string            `json:"authorize_url,omitempty"`
	TokenURL        string            `json:"token_url"`
	AuthorizeParams map[string]string `json:"authorize_params,omitempty"`
	DeviceURL       string            `json:"device_url,omitempty"`
	DeviceTokenURL  string            `json:"device_token_url,omitempty"`
	DevicePage      string            `json:"device_verification_url,omitempty"`
	DeviceRequest   string            `json:"device_request,omitempty"`
	UsageURL        string            `json:"usage_url,omitempty"`
	ProfileURL      string            `json:"profile_url,omitempty"`
	UsageFormat     string            `json:"usage_format"`
	UsageMap        map[string]any    `json:"usage_map,omitempty"`
	IdentityMap     map[string]string `json:"identity_map,omitempty"`
	BaseURL         string            `json:"base_url,omitempty"`
	TokenRequest    string            `json:"token_request"`
	RedirectURL     string            `json:"redirect_url,omitempty"`
	Scopes          []string          `json:"scopes,omitempty"`
	Paths           []string          `json:"paths,omitempty"`
	LimitPatterns   []string          `json:"limit_patterns,omitempty"`
	Headers         map[string]string `json:"headers,omitempty"`
	ListHeaders     []string          `json:"list_headers,omitempty"`
	AccountIDHeader string            `json:"account_id_header,omitempty"`
	RefusedCodes    []string          `json:"refused_codes,omitempty"`
	Plans           map[string]string `json:"plans,omitempty"`
	Env             map[string]string `json:"env,omitempty"`
	ProxyEnv        map[string]string `json:"proxy_env,omitempty"`
	OpenCodeOptions map[string]string `json:"opencode_options,omitempty"`
	CredentialEnv   []string          `json:"credential_env,omitempty"`
}

func (f *Factory) providerInfo(id string) (providerInfo, error) {
	a, err := f.Adapter(id)
	if err != nil {
		return providerInfo{}, err
	}
	c, err := f.Config()
	if err != nil {
		return providerInfo{}, err
	}
	_, overridden := c.Adapters()[id]
	return infoOf(a, overridden), nil
}

func infoOf(a *provider.Adapter, overridden bool) providerInfo {
	deviceRequest := a.DeviceRequest
	if a.DeviceURL == "" {
		deviceRequest = "" // there is none
	}
	clientAuth := a.ClientAuth
	if a.ClientSecretEnv == "" {
		clientAuth = "" // there is no secret
	}
	return providerInfo{
		ID: a.ID, Builtin: a.Builtin, Overridden: a.Builtin && overridden,
		DisplayName: a.DisplayName, AuthJSONKey: a.AuthJSONKey, AccountsFile: a.AccountsFile, PluginFile: a.PluginConfigFile,
		ClientID: a.ClientID, ClientSecretEnv: a.ClientSecretEnv,
		AuthorizeURL: a.AuthorizeURL, TokenURL: a.TokenURL, DeviceURL: a.DeviceURL, UsageURL: a.UsageURL,
		ProfileURL: a.ProfileURL, UsageFormat: a.UsageFormat, BaseURL: a.BaseURL, TokenRequest: a.TokenRequest, RedirectURL: a.RedirectURL,
		Scopes: a.Scopes, Headers: a.Headers, ListHeaders: a.ListHeaders, AccountIDHeader: a.AccountIDHeader,
		AuthorizeParams: a.AuthorizeParams, DeviceTokenURL: a.DeviceTokenURL, DevicePage: a.DeviceVerificationURL,
		ClientAuth: clientAuth, UsageMap: nested(a.UsageMap), IdentityMap: a.IdentityMap, DeviceRequest: deviceRequest, RefusedCodes: a.RefusedCodes, Plans: a.Plans, Env: a.Env, CredentialEnv: a.CredentialVars,
		Paths: a.Paths, LimitPatterns: a.LimitPatterns, ProxyEnv: a.ProxyEnv, OpenCodeOptions: a.OpenCodeOptions,
	}
}

// origin says in words where the adapter comes from.
func (p *providerInfo) origin() string {
	switch {
	case p.Builtin && p.Overridden:
		return "built-in, changed"
	case p.Builtin:
		return "built-in"
	case p.Incomplete:
		return "own, incomplete"
	}
	return "own"
}

type providerRow struct{ key, value string }

func (p *providerInfo) rows() []providerRow {
	return []providerRow{
		{"provider", p.ID},
		{"adapter", p.origin()},
		{"display_name", p.DisplayName},
		{"auth_json_key", p.AuthJSONKey},
		{"accounts_file", p.AccountsFile},
		{"plugin_config_file", p.PluginFile},
		{"client_id", p.ClientID},
		{"client_secret_env", p.ClientSecretEnv},
		{"client_auth", p.ClientAuth},
		{"authorize_url", p.AuthorizeURL},
		{"token_url", p.TokenURL},
		{"authorize_params", pairs(p.AuthorizeParams, "=")},
		{"device_url", p.DeviceURL},
		{"device_token_url", p.DeviceTokenURL},
		{"device_verification_url", p.DevicePage},
		{"device_request", p.DeviceRequest},
		{"usage_url", p.UsageURL},
		{"profile_url", p.ProfileURL},
		{"usage_format", p.UsageFormat},
		{"usage_map", pairs(flat(p.UsageMap), "=")},
		{"identity_map", pairs(p.IdentityMap, "=")},
		{"base_url", p.BaseURL},
		{"token_request", p.TokenRequest},
		{"redirect_url", p.RedirectURL},
		{"scopes", strings.Join(p.Scopes, " ")},
		{"paths", strings.Join(p.Paths, " ")},
		{"limit_patterns", strings.Join(p.LimitPatterns, " ")},
		{"headers", pairs(p.Headers, ": ")},
		{"list_headers", strings.Join(p.ListHeaders, " ")},
		{"account_id_header", p.AccountIDHeader},
		{"refused_codes", strings.Join(p.RefusedCodes, " ")},
		{"plans", pairs(p.Plans, "=")},
		{"env", pairs(p.Env, "=")},
		{"proxy_env", pairs(p.ProxyEnv, "=")},
		{"opencode_options", pairs(p.OpenCodeOptions, "=")},
		{"credential_env", strings.Join(p.CredentialEnv, " ")},
	}
}

// nested is a map whose names may have a dot as kyoli.yaml has it, and flat its
// reverse.
func nested(m map[string]string) map[string]any {
	out := map[string]any{}
	for name, value := range m {
		head, tail, dotted := strings.Cut(name, ".")
		if !dotted {
			out[name] = value
			continue
		}
		inner, _ := out[head].(map[string]string)
		if inner == nil {
			inner = map[string]string{}
			out[head] = inner
		}
		inner[tail] = value
	}
	return out
}

func flat(m map[string]any) map[string]string {
	out := map[string]string{}
	for head, value := range m {
		switch value := value.(type) {
		case string:
			out[head] = value
		case map[string]string:
			for tail, v := range value {
				out[head+"."+tail] = v
			}
		}
	}
	return out
}

// pairs is a map on one line, sorted.
func pairs(m map[string]string, between string) string {
	var list []string
	for _, key := range slices.Sorted(maps.Keys(m)) {
		list = append(list, key+between+m[key])
	}
	return strings.Join(list, ", ")
}

// completeProviderName completes one argument that is a provider. It reads the
// settings and nothing else; where those are broken it offers nothing.
func completeProviderName(f *Factory) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, start string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return completeProviders(f)(cmd, args, start)
	}
}
