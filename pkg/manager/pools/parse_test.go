package pools

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// unlaid compares what is meant, not the texts that it was read from.
var unlaid = cmp.Options{
	cmpopts.IgnoreUnexported(Config{}, Pool{}, Chain{}, Entry{}),
	cmpopts.EquateEmpty(),
}

func TestParse(t *testing.T) {
	t.Parallel()
	got, p := parse([]byte(`{"pools":[{"name":"work","baseProvider":"openai","members":["a","\u0062"],"enabled":false,"x":1}],
		"chains":[{"name":"all","entries":[{"pool":"work","enabled":true},{"pool":"no","model":"m","enabled":false}],"enabled":true}],"y":{}}`))
	if p != nil {
		t.Fatal(p)
	}
	want := &Config{
		Pools: []*Pool{{Name: "work", BaseProvider: "openai", Members: []string{"a", "b"}}},
		Chains: []*Chain{{Name: "all", Enabled: true, Entries: []*Entry{
			{Pool: "work", Enabled: true}, {Pool: "no", Model: "m"},
		}}},
	}
	if d := cmp.Diff(want, got, unlaid); d != "" {
		t.Error(d)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	pool := func(s string) string {
		return strings.Replace(`{"pools":[{"name":"p","baseProvider":"o","members":[],"enabled":true}]}`, s[:strings.Index(s, "→")], s[strings.Index(s, "→")+len("→"):], 1)
	}
	for name, tt := range map[string]struct {
		in      string
		offset  int
		pointer string
		text    string
	}{
		"empty":              {"", 0, "", "empty"},
		"truncated":          {`{"pools":[`, 10, "/pools", "too early"},
		"null":               {"null", 0, "", "the file must be an object"},
		"array":              {" []", 1, "", "the file must be an object"},
		"byte order mark":    {"\xef\xbb\xbf{}", 0, "", "byte order mark"},
		"invalid UTF-8":      {"{\"a\":\"\xff\"}", 6, "/a", "UTF-8"},
		"twice":              {`{"pools":[],"pools":[]}`, 12, "/pools", "duplicate"},
		"more":               {`{} x`, 3, "", "more after"},
		"pools is no array":  {`{"pools":{}}`, 9, "/pools", "an array"},
		"a pool is no objet": {`{"pools":[1]}`, 10, "/pools/0", "an object"},
		"name is no string":  {pool(`"p"→7`), 18, "/pools/0/name", "a string"},
		"null for a string":  {pool(`"o"→null`), 37, "/pools/0/baseProvider", "a string"},
		"members":            {pool(`[]→["a",1]`), 56, "/pools/0/members/1", "a string"},
		"enabled":            {pool(`true→"true"`), 64, "/pools/0/enabled", "true or false"},
		"no enabled":         {pool(`,"enabled":true→`), 10, "/pools/0", "enabled is missing"},
		"a chain's entry":    {`{"chains":[{"name":"c","enabled":true,"entries":[{"pool":"p"}]}]}`, 49, "/chains/0/entries/0", "enabled is missing"},
		"model":              {`{"chains":[{"name":"c","enabled":true,"entries":[{"pool":"p","enabled":true,"model":null}]}]}`, 84, "/chains/0/entries/0/model", "a string"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, p := parse([]byte(tt.in))
			if p == nil {
				t.Fatalf("read as %+v", c)
			}
			if p.offset != tt.offset || p.pointer != tt.pointer || !strings.Contains(p.text, tt.text) {
				t.Errorf("got %+v, want %+v", *p, tt)
			}
		})
	}
}

// FuzzParse holds what can be read against what is written of it: nothing changed is not a byte changed, and a change
// can be read again.
func FuzzParse(f *testing.F) {
	f.Add([]byte(emptyFile))
	f.Add([]byte(sample))
	f.Add([]byte(`{"pools":[{"name":"","baseProvider":"","members":["",""],"enabled":true}],"chains":[{"name":"","entries":[],"enabled":false}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, p := parse(raw)
		if p != nil {
			if p.offset < 0 || p.offset > len(raw) || p.text == "" {
				t.Fatalf("problem %+v in %d bytes", *p, len(raw))
			}
			return
		}
		same, err := c.encode()
		if err != nil || !bytes.Equal(same, raw) {
			t.Fatalf("%v\n%q\nbecame\n%q", err, raw, same)
		}
		pool, err := c.AddPool("a name that is not there yet", "openai")
		if err != nil {
			t.Skip("it is there")
		}
		if err := pool.Add(1, "uuid"); err != nil {
			t.Fatal(err)
		}
		for _, p := range c.Pools {
			p.Enabled = !p.Enabled
			_ = p.Add(1, "first")
		}
		for _, ch := range c.Chains {
			_ = ch.Add(1, "m", "first")
			ch.Entries[len(ch.Entries)-1].Enabled = true
		}
		out, err := c.encode()
		if err != nil {
			t.Fatal(err)
		}
		again, p := parse(out)
		if p != nil {
			t.Fatalf("%+v in %q", *p, out)
		}
		if d := cmp.Diff(c, again, unlaid); d != "" {
			t.Error(d)
		}
	})
}
