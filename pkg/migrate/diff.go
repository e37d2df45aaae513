package migrate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kyoli-gam/kyoli/internal/rawjson"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// plainMembers are the members of an entry that hold no secret.
var plainMembers = []string{"type", "expires", "accountId"}

// diff shows how an entry of the file path changes. What may be a secret is
// shown as a hash, so that a change of it can be seen. It is empty where there
// is nothing to see.
func diff(path string, old, now Entry) string {
	was, will := shown(old), shown(now)
	var body strings.Builder
	changed := false
	for _, name := range union(was, will) {
		before, had := was.value(name)
		after, has := will.value(name)
		if had && has && before == after {
			fmt.Fprintf(&body, "     %q: %s\n", name, before)
			continue
		}
		changed = true
		if had {
			fmt.Fprintf(&body, "-    %q: %s\n", name, before)
		}
		if has {
			fmt.Fprintf(&body, "+    %q: %s\n", name, after)
		}
	}
	if !changed {
		return ""
	}
	return fmt.Sprintf("--- %s\n+++ %s\n@@ %q @@\n%s", path, path, now.Key, body.String())
}

type member struct{ name, value string }

type members []member

func (m members) value(name string) (string, bool) {
	for _, x := range m {
		if x.name == name {
			return x.value, true
		}
	}
	return "", false
}

func union(a, b members) []string {
	var names []string
	for _, m := range append(slices.Clone(a), b...) {
		if !slices.Contains(names, m.name) {
			names = append(names, m.name)
		}
	}
	return names
}

// shown are the entry's members as they may be shown.
func shown(e Entry) members {
	if e.raw == nil {
		return nil
	}
	obj, err := rawjson.ParseObject(e.raw)
	if err != nil {
		return members{{"entry", redacted(string(e.raw))}}
	}
	var list members
	for _, name := range obj.Names() {
		raw, _ := obj.Get(name)
		value := string(compact(raw))
		if !slices.Contains(plainMembers, name) {
			if s, ok := rawjson.Text(raw); ok {
				value = s
			}
			value = redacted(value)
		}
		list = append(list, member{name, value})
	}
	return list
}

// redacted stands for a secret: the start of its hash tells it from another.
func redacted(secret string) string {
	if secret == "" {
		return `""`
	}
	return "[redacted " + store.Secret(secret).Hash()[:8] + "]"
}
