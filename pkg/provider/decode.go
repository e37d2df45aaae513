package provider

import (
	"maps"
	"net/textproto"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/kyoli-gam/kyoli/internal/strictyaml"
)

// decoder reads one adapter's mapping into an Adapter. It goes on after a fault, so
// that a person learns of all of them at once.
type decoder struct {
	file    string
	adapter *Adapter
	faults  []*AdapterError // what is wrong
	missing []*AdapterError // what is not there yet, and has to be before a token can be refreshed

	unfinished []*AdapterError // what is not there yet, and is missed by something else
}

// field is one key of an adapter: where it goes and what it has to be. Exactly
// one of text, list and table is set.
type field struct {
	text  func(*Adapter) *string
	list  func(*Adapter) *[]string
	table func(*Adapter) *map[string]string

	checkName  func(string) string // a table's names; returns what is wrong
	checkValue func(string) string // each value; returns what is wrong
	canonical  func(string) string // a table's names that differ in spelling only
	nested     bool                // a table's values may be tables, whose names then have a dot
}

var fields = map[string]field{
	"display_name":            {text: func(a *Adapter) *string { return &a.DisplayName }, checkValue: checkLabel},
	"auth_json_key":           {text: func(a *Adapter) *string { return &a.AuthJSONKey }, checkValue: checkLabel},
	"accounts_file":           {text: func(a *Adapter) *string { return &a.AccountsFile }, checkValue: checkBaseName},
	"plugin_config_file":      {text: func(a *Adapter) *string { return &a.PluginConfigFile }, checkValue: checkBaseName},
	"client_id":               {text: func(a *Adapter) *string { return &a.ClientID }, checkValue: checkLabel},
	"client_secret_env":       {text: func(a *Adapter) *string { return &a.ClientSecretEnv }, checkValue: checkEnvName},
	"client_auth":             {text: func(a *Adapter) *string { return &a.ClientAuth }, checkValue: checkClientAuth},
	"authorize_url":           {text: func(a *Adapter) *string { return &a.AuthorizeURL }, checkValue: checkURL},
	"token_url":               {text: func(a *Adapter) *string { return &a.TokenURL }, checkValue: checkURL},
	"device_url":              {text: func(a *Adapter) *string { return &a.DeviceURL }, checkValue: checkURL},
	"device_token_url":        {text: func(a *Adapter) *string { return &a.DeviceTokenURL }, checkValue: checkURL},
	"device_request":          {text: func(a *Adapter) *string { return &a.DeviceRequest }, checkValue: checkTokenRequest},
	"usage_url":               {text: func(a *Adapter) *string { return &a.UsageURL }, checkValue: checkURL},
	"profile_url":             {text: func(a *Adapter) *string { return &a.ProfileURL }, checkValue: checkURL},
	"base_url":                {text: func(a *Adapter) *string { return &a.BaseURL }, checkValue: checkURL},
	"redirect_url":            {text: func(a *Adapter) *string { return &a.RedirectURL }, checkValue: checkURL},
	"token_request":           {text: func(a *Adapter) *string { return &a.TokenRequest }, checkValue: checkTokenRequest},
	"usage_format":            {text: func(a *Adapter) *string { return &a.UsageFormat }, checkValue: checkUsageFormat},
	"account_id_header":       {text: func(a *Adapter) *string { return &a.AccountIDHeader }, checkValue: checkHeaderName},
	"scopes":                  {list: func(a *Adapter) *[]string { return &a.Scopes }, checkValue: checkScope},
	"refused_codes":           {list: func(a *Adapter) *[]string { return &a.RefusedCodes }, checkValue: checkScope},
	"list_headers":            {list: func(a *Adapter) *[]string { return &a.ListHeaders }, checkValue: checkHeaderName},
	"credential_env":          {list: func(a *Adapter) *[]string { return &a.CredentialVars }, checkValue: checkEnvName},
	"paths":                   {list: func(a *Adapter) *[]string { return &a.Paths }, checkValue: checkPath},
	"limit_patterns":          {list: func(a *Adapter) *[]string { return &a.LimitPatterns }, checkValue: checkPattern},
	"device_verification_url": {text: func(a *Adapter) *string { return &a.DeviceVerificationURL }, checkValue: checkURL},
	"proxy_env":               {table: func(a *Adapter) *map[string]string { return &a.ProxyEnv }, checkName: checkExportName, checkValue: checkTemplate},
	"opencode_options":        {table: func(a *Adapter) *map[string]string { return &a.OpenCodeOptions }, checkName: checkOption, checkValue: checkTemplate},
	"headers":                 {table: func(a *Adapter) *map[string]string { return &a.Headers }, checkName: checkHeaderName, checkValue: checkHeaderValue, canonical: textproto.CanonicalMIMEHeaderKey},
	"plans":                   {table: func(a *Adapter) *map[string]string { return &a.Plans }, checkName: checkLabel, checkValue: checkLabel},
	"authorize_params":        {table: func(a *Adapter) *map[string]string { return &a.AuthorizeParams }, checkName: checkParam, checkValue: checkLabel},
	"identity_map":            {table: func(a *Adapter) *map[string]string { return &a.IdentityMap }, checkName: checkIdentityName, checkValue: checkJSONPath},
	"usage_map":               {table: func(a *Adapter) *map[string]string { return &a.UsageMap }, checkName: checkMapName, checkValue: checkMapValue, nested: true},
	"env":                     {table: func(a *Adapter) *map[string]string { return &a.Env }, checkName: checkExportName, checkValue: checkTemplate},
}

// AdapterKeys returns the keys an adapter may have, sorted.
func AdapterKeys() []string { return slices.Sorted(maps.Keys(fields)) }

func (d *decoder) decode(node *yaml.Node) {
	if !isID(d.adapter.ID) {
		d.fault(node, "", "a provider's name is 1 to 32 of a-z, 0-9, _ and -, and begins with a letter")
	}
	if node != nil && node.Kind != yaml.MappingNode && !strictyaml.IsNull(node) {
		d.fault(node, "", "want a mapping of keys, got "+strictyaml.Kind(node))
		return
	}
	for key, value := range strictyaml.Pairs(node) {
		f, known := fields[key.Value]
		if !known {
			d.fault(key, key.Value, "unknown key (allowed: "+strings.Join(AdapterKeys(), ", ")+")")
			continue
		}
		d.set(key.Value, f, value)
	}
	d.complete(node)
}

// isID keeps a provider's name fit to be a part of file names.
func isID(s string) bool {
	return name(s, 32, func(c byte) bool { return lower(c) || digit(c) || c == '_' || c == '-' }) && lower(s[0])
}

// complete asks for what no provider can do without, and holds keys against each
// other.
func (d *decoder) complete(node *yaml.Node) {
	for key, value := range map[string]string{"client_id": d.adapter.ClientID, "token_url": d.adapter.TokenURL} {
		if value == "" && strictyaml.Get(node, key) == nil { // one that is there and wrong has been told
			d.missing = append(d.missing, d.errorAt(node, key, "missing, and needed to refresh a token"))
		}
	}
	slices.SortFunc(d.missing, func(a, b *AdapterError) int { return strings.Compare(a.Key, b.Key) })
	for _, name := range d.adapter.ListHeaders {
		if !hasHeader(d.adapter.Headers, name) {
			d.fault(node, "list_headers", "names "+name+", which is not one of headers")
		}
	}
	d.checkUsageMap(node)
}

// checkUsageMap looks at usage_map as a whole, once each part of it is right.
func (d *decoder) checkUsageMap(node *yaml.Node) {
	if slices.ContainsFunc(d.faults, func(e *AdapterError) bool { return strings.HasPrefix(e.Key, "usage_map") }) {
		return
	}
	at := strictyaml.Get(node, "usage_map")
	if at == nil {
		at = node
	}
	for _, f := range checkMap(d.adapter.UsageMap) {
		e := d.errorAt(at, strings.TrimSuffix("usage_map."+f.key, "."), f.reason)
		if f.lacks {
			d.unfinished = append(d.unfinished, e)
		} else {
			d.faults = append(d.faults, e)
		}
	}
}

func (d *decoder) set(key string, f field, node *yaml.Node) {
	switch {
	case f.text != nil:
		if value, ok := d.scalar(key, node, f.checkValue); ok {
			*f.text(d.adapter) = value
		}
	case f.list != nil:
		d.setList(key, f, node)
	default:
		d.setTable(key, f, node)
	}
}

func (d *decoder) setList(key string, f field, node *yaml.Node) {
	if node.Kind != yaml.SequenceNode {
		d.fault(node, key, "want a list, got "+strictyaml.Kind(node))
		return
	}
	list := make([]string, 0, len(node.Content))
	for _, item := range node.Content {
		if value, ok := d.scalar(key, item, f.checkValue); ok {
			list = append(list, value)
		}
	}
	*f.list(d.adapter) = list
}

func (d *decoder) setTable(key string, f field, node *yaml.Node) {
	if node.Kind != yaml.MappingNode {
		d.fault(node, key, "want a mapping, got "+strictyaml.Kind(node))
		return
	}
	table := maps.Clone(*f.table(d.adapter))
	if table == nil {
		table = map[string]string{}
	}
	*f.table(d.adapter) = table
	for name, item := range strictyaml.Pairs(node) {
		if !f.nested || item.Kind != yaml.MappingNode {
			d.setEntry(table, key, f, name, item)
			continue
		}
		for inner, value := range strictyaml.Pairs(item) {
			dotted := *inner
			dotted.Value = name.Value + "." + inner.Value
			d.setEntry(table, key, f, &dotted, value)
		}
	}
}

func (d *decoder) setEntry(table map[string]string, key string, f field, name, item *yaml.Node) {
	full := key + "." + name.Value
	if wrong := f.checkName(name.Value); wrong != "" {
		d.fault(name, full, wrong)
		return
	}
	entry := name.Value
	if f.canonical != nil {
		entry = f.canonical(entry)
	}
	if strictyaml.IsNull(item) {
		delete(table, entry)
		return
	}
	if value, ok := d.scalar(full, item, f.checkValue); ok {
		table[entry] = value
	}
}

// scalar takes numbers too, as they are spelled: `X-Api-Version: 2` means "2".
func (d *decoder) scalar(key string, node *yaml.Node, check func(string) string) (value string, ok bool) {
	if node.Kind != yaml.ScalarNode || strictyaml.IsNull(node) {
		d.fault(node, key, "want a string, got "+strictyaml.Kind(node))
		return "", false
	}
	if wrong := check(node.Value); wrong != "" {
		d.fault(node, key, wrong)
		return "", false
	}
	return node.Value, true
}

func (d *decoder) fault(node *yaml.Node, key, reason string) {
	d.faults = append(d.faults, d.errorAt(node, key, reason))
}

func (d *decoder) errorAt(node *yaml.Node, key, reason string) *AdapterError {
	e := &AdapterError{File: d.file, Adapter: d.adapter.ID, Key: key, Reason: reason}
	if node != nil {
		e.Line = node.Line
	}
	return e
}
