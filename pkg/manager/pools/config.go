package pools

import (
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// Config is the content of the file. Texts come from a file and may hold anything; clean them before they are shown.
type Config struct {
	// Pools and Chains are in the order of the file. Of several with one name the first counts.
	Pools  []*Pool
	Chains []*Chain

	path string
	doc  []byte // what was read; nil for a missing file
}

// Pool is a named set of accounts.
type Pool struct {
	// Name is what chains and commands call it.
	Name string
	// BaseProvider is the provider whose accounts they are.
	BaseProvider string
	// Members are the accounts' uuids, in the order in which to try them.
	Members []string
	// Enabled false leaves the pool out of every plan.
	Enabled bool

	raw jsontext.Value // what it was read from; nil for a new one
}

// Chain is an ordered list of pools.
type Chain struct {
	// Name is what commands call it.
	Name string
	// Entries are the pools, in the order in which to try them.
	Entries []*Entry
	// Enabled false leaves the chain out of every plan.
	Enabled bool

	raw jsontext.Value
}

// Entry is one step of a chain.
type Entry struct {
	// Pool is the pool's name.
	Pool string
	// Model takes the place of the model that a request asks for; empty leaves it.
	Model string
	// Enabled false leaves the entry out.
	Enabled bool

	raw jsontext.Value
}

// Raw is the content as it was read, nil for a file that is missing. It must not be changed.
func (c *Config) Raw() []byte { return c.doc }

// Path is the file that it was read from.
func (c *Config) Path() string { return c.path }

// Pool returns the pool of this name; the error is a *[NotFoundError].
func (c *Config) Pool(name string) (*Pool, error) {
	for _, p := range c.Pools {
		if p.Name == name {
			return p, nil
		}
	}
	return nil, &NotFoundError{Kind: "pool", Name: name, Path: c.path, Names: c.PoolNames()}
}

// Chain returns the chain of this name; the error is a *[NotFoundError].
func (c *Config) Chain(name string) (*Chain, error) {
	for _, ch := range c.Chains {
		if ch.Name == name {
			return ch, nil
		}
	}
	return nil, &NotFoundError{Kind: "chain", Name: name, Path: c.path, Names: c.ChainNames()}
}

// PoolNames are the names of all pools, each once.
func (c *Config) PoolNames() []string {
	var names []string
	for _, p := range c.Pools {
		names = addOnce(names, p.Name)
	}
	return names
}

// ChainNames are the names of all chains, each once.
func (c *Config) ChainNames() []string {
	var names []string
	for _, ch := range c.Chains {
		names = addOnce(names, ch.Name)
	}
	return names
}

func addOnce(names []string, name string) []string {
	if slices.Contains(names, name) {
		return names
	}
	return append(names, name)
}
