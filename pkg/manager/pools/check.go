package pools

import "fmt"

// Check returns what the user should be told about the file, a line each: accounts and pools that there are not, and
// names that several have. accounts returns the uuids of a provider's accounts; known is false where there is no such
// provider, and a nil map leaves its members unchecked.
func (c *Config) Check(accounts func(provider string) (uuids map[string]bool, known bool)) []string {
	var out []string
	warn := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	seen := map[string]bool{}
	for _, p := range c.Pools {
		if seen[p.Name] {
			warn("pool %q is there twice; the first counts", p.Name)
			continue
		}
		seen[p.Name] = true
		uuids, known := accounts(p.BaseProvider)
		if !known {
			warn("pool %q: there is no provider %q", p.Name, p.BaseProvider)
			continue
		}
		for _, uuid := range p.Members {
			if uuids != nil && !uuids[uuid] {
				warn("pool %q: %s has no account %s", p.Name, p.BaseProvider, uuid)
			}
		}
	}
	named := map[string]bool{}
	for _, ch := range c.Chains {
		if named[ch.Name] {
			warn("chain %q is there twice; the first counts", ch.Name)
			continue
		}
		named[ch.Name] = true
		for _, e := range ch.Entries {
			if !seen[e.Pool] {
				warn("chain %q: there is no pool %q", ch.Name, e.Pool)
			}
		}
	}
	return out
}
