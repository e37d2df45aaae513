package executor

import (
	"slices"
	"sort"
)

// Environ is base without the variables named in drop, with those of set added
// or replaced. Names are compared as the platform does (Windows: without case).
// Of a name that base has twice, the last value is kept, as in os/exec. Entries
// that are no NAME=VALUE are left out.
func Environ(base, drop []string, set map[string]string) []string {
	replaced := func(name string) bool {
		for other := range set {
			if sameName(name, other) {
				return true
			}
		}
		return slices.ContainsFunc(drop, func(other string) bool { return sameName(name, other) })
	}
	env := make([]string, 0, len(base)+len(set))
	for i, entry := range base {
		name, _, ok := cutVar(entry)
		if !ok || replaced(name) {
			continue
		}
		if _, again := lookup(base[i+1:], name); !again {
			env = append(env, entry)
		}
	}
	for _, name := range sortedNames(set) {
		env = append(env, name+"="+set[name])
	}
	return env
}

func sortedNames(set map[string]string) []string {
	names := make([]string, 0, len(set))
	for name := range set {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
