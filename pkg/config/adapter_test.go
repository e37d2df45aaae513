package config

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"github.com/kyoli-gam/kyoli/internal/strictyaml"
)

func mapping(t testing.TB, text string) *yaml.Node {
	t.Helper()
	root, err := strictyaml.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func TestPutAdapter(t *testing.T) {
	const values = "client_id: cid\nscopes: [openid, \"a:b\"]\nenv: {ACME_TOKEN: \"{{.AccessToken}}\"}\n"
	const block = "  acme:\n    client_id: cid\n    scopes: [openid, \"a:b\"]\n    env: {ACME_TOKEN: \"{{.AccessToken}}\"}\n"
	for _, tt := range []struct{ name, before, after string }{
		{"nothing", "", "adapters:\n" + block},
		{"beside settings", "# mine\ndebug: true # why\n", "# mine\ndebug: true # why\nadapters:\n" + block},
		{
			"beside another", "adapters:\n  # first\n  other:\n    client_id: x # id\n\n# end\ndebug: false\n",
			"adapters:\n  # first\n  other:\n    client_id: x # id\n" + block + "\n# end\ndebug: false\n",
		},
		{
			"over one", "adapters:\n  acme:\n    # the id\n    client_id: old # was\n    usage_url: https://a.example/u\n",
			"adapters:\n  acme:\n    # the id\n    client_id: cid # was\n    usage_url: https://a.example/u\n    scopes: [openid, \"a:b\"]\n    env: {ACME_TOKEN: \"{{.AccessToken}}\"}\n",
		},
		{"as it is", "adapters:\n" + block, "adapters:\n" + block},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := mustLoad(t, tt.before)
			changes, err := c.PreviewAdapter("acme", mapping(t, values))
			if err != nil || changes != (tt.before != tt.after) {
				t.Errorf("preview: %v, %v", changes, err)
			}
			if err := c.PutAdapter(t.Context(), "acme", mapping(t, values)); err != nil {
				t.Fatal(err)
			}
			got, _ := os.ReadFile(c.File)
			if diff := cmp.Diff(tt.after, string(got)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if c.Adapters()["acme"] == nil {
				t.Error("it was not read anew")
			}
		})
	}
}

// A list that is there is replaced; comments stay, be the file in whatever style.
func TestPutAdapterReplacesLists(t *testing.T) {
	c := mustLoad(t, "# head\nadapters:\n  acme: # mine\n    scopes:\n      - a\n      - b # keep\n    client_id: x\n")
	err := c.PutAdapter(t.Context(), "acme", mapping(t, "scopes: [b, c]"))
	var fault *Error
	got, _ := os.ReadFile(c.File)
	switch {
	case errors.As(err, &fault): // a comment in the list would have been lost
	case err != nil:
		t.Fatal(err)
	case !strings.Contains(string(got), "# keep"):
		t.Errorf("the comment is gone: %s", got)
	}
	c = mustLoad(t, "# head\nadapters:\n  acme: # mine\n    scopes: [a, b]\n    client_id: x # id\n")
	if err := c.PutAdapter(t.Context(), "acme", mapping(t, "scopes: [b, c]")); err != nil {
		t.Fatal(err)
	}
	got, _ = os.ReadFile(c.File)
	if diff := cmp.Diff("# head\nadapters:\n  acme: # mine\n    scopes: [b, c]\n    client_id: x # id\n", string(got)); diff != "" {
		t.Error(diff)
	}
}

func TestPutAdapterRefused(t *testing.T) {
	c := mustLoad(t, "debug: true\n")
	refusal := errors.New("no")
	c.CheckAdapters = func(adapters map[string]*yaml.Node, _ string) error {
		if adapters["acme"] == nil {
			t.Error("it was not asked about the change")
		}
		return refusal
	}
	if err := c.PutAdapter(t.Context(), "acme", mapping(t, "client_id: x")); !errors.Is(err, refusal) {
		t.Errorf("error %v", err)
	}
	if _, err := c.PreviewAdapter("acme", mapping(t, "client_id: x")); !errors.Is(err, refusal) {
		t.Errorf("preview: error %v", err)
	}
	if got, _ := os.ReadFile(c.File); string(got) != "debug: true\n" {
		t.Errorf("the file became %q", got)
	}
}

func TestRemoveAdapter(t *testing.T) {
	for _, tt := range []struct{ name, before, after string }{
		{"alone", "# mine\nadapters:\n  acme:\n    client_id: x # id\n    scopes: [a]\ndebug: true\n", "# mine\ndebug: true\n"},
		{"nothing else in the file", "adapters:\n  acme:\n    client_id: x\n", ""},
		{
			"beside others", "adapters:\n  a: {client_id: b}\n  acme:\n    client_id: x\n    env:\n      A: b\n  # last\n  z: {client_id: y}\n",
			"adapters:\n  a: {client_id: b}\n  # last\n  z: {client_id: y}\n",
		},
		{"below a comment", "adapters:\n  # mine\n  acme:\n    client_id: x\n", "adapters:\n  # mine\n"},
		{"with its settings", "providers:\n  acme: {debug: true}\n  openai: {debug: false} # no\nadapters:\n  acme: {client_id: x}\n", "providers:\n  openai: {debug: false} # no\n"},
		{"in flow style", "adapters: {acme: {client_id: x}, z: {client_id: y}} # all\n", "adapters: {z: {client_id: y}} # all\n"},
		{"not there", "debug: true\n", "debug: true\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := mustLoad(t, tt.before)
			if err := c.RemoveAdapter(t.Context(), "acme", true); err != nil {
				t.Fatal(err)
			}
			got, _ := os.ReadFile(c.File)
			if diff := cmp.Diff(tt.after, string(got)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func FuzzRemoveAdapter(f *testing.F) {
	for _, s := range []string{
		"", "adapters:\n  acme:\n    client_id: |\n      x\n\n  z: {a: b}\n", "adapters: {acme: {a: b}} # c\n", "\"adapters\":\r\n  acme: {a: [b,\n c]}\r\n# d",
		"adapters:\n  acme:\n", "? adapters\n: acme: {}\n", "adapters:\n  acme: {a: b} # c\n  b: {}\n", "---\nadapters:\n  acme: {a: >\n  x}\n...\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		before, err := strictyaml.Parse(data)
		if err != nil {
			return
		}
		got, err := cut(data, []string{"adapters", "acme"})
		if err != nil {
			return
		}
		after, err := strictyaml.Parse(got)
		if err != nil {
			t.Fatalf("%q became %q: %v", data, got, err)
		}
		if strictyaml.Get(strictyaml.Get(after, "adapters"), "acme") != nil {
			t.Fatalf("%q became %q, with the adapter", data, got)
		}
		for key, value := range strictyaml.Pairs(before) {
			if now := strictyaml.Get(after, key.Value); key.Value != "adapters" && (now == nil || !sameNode(now, value)) {
				t.Fatalf("%q became %q: %s has changed", data, got, key.Value)
			}
		}
	})
}
