package pools

import (
	"fmt"

	"github.com/kyoli-gam/kyoli/internal/shellquote"
)

// Problem is one thing in the file that is of no use.
type Problem struct {
	// Text says what, in a line.
	Text string
	// Fix is a command that takes it out.
	Fix string
}

// Check returns what the user should be told about the file: accounts and pools that there are not, and names that
// several have. accounts returns the uuids of a provider's accounts; known is false where there is no such provider,
// and a nil map leaves its members unchecked.
func (c *Config) Check(accounts func(provider string) (uuids map[string]bool, known bool)) []Problem {
	// What is there twice can only be told apart in the file itself.
	k := checker{accounts: accounts, pools: map[string]bool{}, edit: "${EDITOR:-vi} " + shellquote.Word(c.path)}
	for _, p := range c.Pools {
		k.pool(p)
	}
	chains := map[string]bool{}
	for _, ch := range c.Chains {
		if chains[ch.Name] {
			k.found(k.edit, "chain %q is there twice; the first counts", ch.Name)
			continue
		}
		chains[ch.Name] = true
		for _, e := range ch.Entries {
			if !k.pools[e.Pool] {
				fix := "kyoli chains remove " + shellquote.Word(ch.Name) + " " + shellquote.Word(e.Pool)
				k.found(fix, "chain %q: there is no pool %q", ch.Name, e.Pool)
			}
		}
	}
	return k.problems
}

// checker collects what is wrong.
type checker struct {
	accounts func(provider string) (map[string]bool, bool)
	pools    map[string]bool // names that were there before
	edit     string
	problems []Problem
}

func (k *checker) found(fix, format string, args ...any) {
	k.problems = append(k.problems, Problem{Text: fmt.Sprintf(format, args...), Fix: fix})
}

func (k *checker) pool(p *Pool) {
	name := shellquote.Word(p.Name)
	if k.pools[p.Name] {
		k.found(k.edit, "pool %q is there twice; the first counts", p.Name)
		return
	}
	k.pools[p.Name] = true
	uuids, known := k.accounts(p.BaseProvider)
	if !known {
		k.found("kyoli pools rm "+name, "pool %q: there is no provider %q", p.Name, p.BaseProvider)
		return
	}
	for _, uuid := range p.Members {
		if uuids != nil && !uuids[uuid] {
			fix := "kyoli pools remove " + name + " " + shellquote.Word(uuid)
			k.found(fix, "pool %q: %s has no account %s", p.Name, p.BaseProvider, uuid)
		}
	}
}
