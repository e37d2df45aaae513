package migrate

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

func TestBundle(t *testing.T) {
	t.Parallel()
	load := func(name, content string) *store.Accounts {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		a, err := store.Open(path, store.Options{}).Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	one := load("a", `{"version":1,"accounts":[{"uuid":"u1","refreshToken":"r1","addedAt":1,"lastUsed":1,"own":12345678901234567890},{"uuid":"u2","refreshToken":"r2","addedAt":1,"lastUsed":1}],"activeAccountUuid":"u1"}`)
	two := load("b", `{"version":1,"accounts":[{"uuid":"u3","refreshToken":"r3","addedAt":1,"lastUsed":1}],"activeAccountUuid":"u3"}`)
	for name, c := range map[string]struct {
		pools string
		parts []Part
		want  string
	}{
		"one provider": {
			parts: []Part{{"openai", one, []string{"u2"}}},
			want:  `{"version":1,"accounts":[{"uuid":"u2","refreshToken":"r2","addedAt":1,"lastUsed":1}],"provider":"openai"}`,
		},
		"the active account, and pools": {
			pools: `{"pools":[]}`, parts: []Part{{"openai", one, []string{"u1"}}},
			want: `{"version":1,"accounts":[{"uuid":"u1","refreshToken":"r1","addedAt":1,"lastUsed":1,"own":12345678901234567890}],"activeAccountUuid":"u1","provider":"openai","pools":{"pools":[]}}`,
		},
		"several providers": {
			parts: []Part{{"openai", one, []string{"u2"}}, {"anthropic", two, []string{"u3"}}},
			want: `{"version":1,"accounts":[{"uuid":"u2","refreshToken":"r2","addedAt":1,"lastUsed":1,"provider":"openai"},` +
				`{"uuid":"u3","refreshToken":"r3","addedAt":1,"lastUsed":1,"provider":"anthropic"}],"activeAccounts":{"anthropic":"u3"}}`,
		},
	} {
		var pools []byte
		if c.pools != "" {
			pools = []byte(c.pools)
		}
		got, err := Bundle(pools, c.parts...)
		if d := cmp.Diff(c.want, strings.Join(strings.Fields(string(got)), "")); d != "" || err != nil {
			t.Errorf("%s: %v %s", name, err, d)
		}
	}
	newer := load("c", `{"version":2,"accounts":[{"uuid":"u4","refreshToken":"r4","addedAt":1,"lastUsed":1}]}`)
	for _, parts := range [][]Part{{{"openai", newer, []string{"u4"}}}, {{"openai", one, []string{"u1"}}, {"anthropic", newer, []string{"u4"}}}} {
		var later *store.VersionError
		if _, err := Bundle(nil, parts...); !errors.As(err, &later) {
			t.Errorf("%v", err)
		}
	}
}
