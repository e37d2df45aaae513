package cmd

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/kyoli-gam/kyoli/internal/strictyaml"
	"github.com/kyoli-gam/kyoli/pkg/provider"
)

// adapter is what is to be written, in the order of the documentation. What the
// user has set already and discovery does not know better is left out.
func (o *providersAddOptions) adapter(m *provider.Metadata, known *yaml.Node) *yaml.Node {
	node := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	text := func(key, value string) {
		if value != "" {
			addPair(node, key, textNode(value))
		}
	}
	text("display_name", o.DisplayName)
	text("client_id", o.ClientID)
	text("client_secret_env", o.ClientSecretEnv)
	if o.ClientSecretEnv != "" {
		text("client_auth", m.ClientAuth)
	}
	text("authorize_url", m.AuthorizeURL)
	text("token_url", m.TokenURL)
	text("device_url", m.DeviceURL)
	text("profile_url", m.ProfileURL)
	text("base_url", o.BaseURL)
	scopes := o.Scopes
	if len(scopes) == 0 {
		scopes = m.Scopes
	}
	if len(scopes) > 0 {
		list := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Style: yaml.FlowStyle}
		for _, scope := range scopes {
			list.Content = append(list.Content, textNode(scope))
		}
		addPair(node, "scopes", list)
	}
	if strictyaml.Get(known, "authorize_params") == nil && m.Consent && slices.Contains(scopes, "offline_access") && slices.Contains(scopes, "openid") {
		addPair(node, "authorize_params", flowMap("prompt", "consent"))
	}
	if strictyaml.Get(known, "env") == nil {
		addPair(node, "env", flowMap(tokenVariable(o.Name), "{{.AccessToken}}"))
	}
	return node
}

// tokenVariable is the variable that exec exports the token as: ACME_ACCESS_TOKEN.
func tokenVariable(name string) string {
	return strings.ToUpper(strings.ReplaceAll(name, "-", "_")) + "_ACCESS_TOKEN"
}

func textNode(s string) *yaml.Node {
	node := &yaml.Node{}
	node.SetString(s)
	return node
}

func flowMap(key, value string) *yaml.Node {
	node := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Style: yaml.FlowStyle}
	addPair(node, key, textNode(value))
	return node
}

func addPair(node *yaml.Node, key string, value *yaml.Node) {
	node.Content = append(node.Content, textNode(key), value)
}

// mergedOver is known with the values of over in it.
func mergedOver(known, over *yaml.Node) *yaml.Node {
	out := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for key, value := range strictyaml.Pairs(known) {
		if strictyaml.Get(over, key.Value) == nil {
			addPair(out, key.Value, value)
		}
	}
	for key, value := range strictyaml.Pairs(over) {
		addPair(out, key.Value, value)
	}
	return out
}

// printBlock prints an adapter as it stands in kyoli.yaml.
func (f *Factory) printBlock(name string, values *yaml.Node) error {
	root, adapters := &yaml.Node{Kind: yaml.MappingNode}, &yaml.Node{Kind: yaml.MappingNode}
	addPair(adapters, name, values)
	addPair(root, "adapters", adapters)
	enc := yaml.NewEncoder(f.Out)
	enc.SetIndent(2)
	if err := enc.Encode(root); err != nil {
		return err
	}
	return enc.Close()
}
