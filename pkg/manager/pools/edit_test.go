package pools

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPoolMembers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		place int
		add   []string
		want  []string // nil: a *PlaceError
	}{
		"at the end":                 {0, []string{"x", "y"}, []string{"a", "b", "x", "y"}},
		"there already":              {0, []string{"a", "x", "x"}, []string{"a", "b", "x"}},
		"first":                      {1, []string{"x", "y"}, []string{"x", "y", "a", "b"}},
		"behind the last":            {3, []string{"x"}, []string{"a", "b", "x"}},
		"one moves":                  {1, []string{"b"}, []string{"b", "a"}},
		"no such place":              {4, []string{"x"}, nil},
		"no such place without what": {3, []string{"a"}, nil},
		"negative":                   {-1, []string{"x"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &Pool{Name: "p", Members: []string{"a", "b"}}
			err := p.Add(tt.place, tt.add...)
			if tt.want == nil {
				if _, ok := errors.AsType[*PlaceError](err); !ok {
					t.Fatalf("got %v", err)
				}
				tt.want = []string{"a", "b"}
			} else if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, p.Members); d != "" {
				t.Error(d)
			}
		})
	}
	p := &Pool{Members: []string{"a", "b", "a"}}
	missing := p.Remove("a", "c")
	if d := cmp.Diff([]string{"b"}, p.Members); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"c"}, missing); d != "" {
		t.Error(d)
	}
}

func TestChainEntries(t *testing.T) {
	t.Parallel()
	entry := func(s string) *Entry {
		e := &Entry{Enabled: !strings.HasPrefix(s, "-")}
		e.Pool, e.Model, _ = strings.Cut(strings.TrimPrefix(s, "-"), ":")
		return e
	}
	chainOf := func(texts ...string) *Chain {
		ch := &Chain{Name: "c"}
		for _, s := range texts {
			ch.Entries = append(ch.Entries, entry(s))
		}
		return ch
	}
	for name, tt := range map[string]struct {
		place int
		model string
		add   []string
		want  *Chain // nil: a *PlaceError
	}{
		"at the end":           {0, "", []string{"x", "y"}, chainOf("a", "-b:m", "x", "y")},
		"another model":        {0, "m", []string{"a"}, chainOf("a", "-b:m", "a:m")},
		"there already":        {0, "m", []string{"b"}, chainOf("a", "b:m")},
		"named twice":          {0, "", []string{"x", "x"}, chainOf("a", "-b:m", "x")},
		"first":                {1, "", []string{"x", "y"}, chainOf("x", "y", "a", "-b:m")},
		"one moves":            {1, "m", []string{"b"}, chainOf("b:m", "a")},
		"no such place":        {4, "", []string{"x"}, nil},
		"no such place behind": {3, "", []string{"a"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ch := chainOf("a", "-b:m")
			err := ch.Add(tt.place, tt.model, tt.add...)
			if tt.want == nil {
				if _, ok := errors.AsType[*PlaceError](err); !ok {
					t.Fatalf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, ch, unlaid); d != "" {
				t.Error(d)
			}
		})
	}
	ch := chainOf("a", "a:m", "b", "c:n")
	if d := cmp.Diff([]string{"c"}, ch.Remove("m", "a", "c")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"no"}, ch.Remove("", "b", "no")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(chainOf("a", "c:n"), ch, unlaid); d != "" {
		t.Error(d)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"work": "", "my pool": "", "ünïcode": "",
		"": "no name", "  ": "no name", "--x": "a flag", "a\x1b[2J": "cannot be shown", "a\nb": "cannot be shown",
		"there": "exists already",
	} {
		c := &Config{Pools: []*Pool{{Name: "there"}}, Chains: []*Chain{{Name: "there"}}}
		_, perr := c.AddPool(name, "openai")
		_, cerr := c.AddChain(name)
		for _, err := range []error{perr, cerr} {
			_, is := errors.AsType[*NameError](err)
			if is != (want != "") || is && !strings.Contains(err.Error(), want) {
				t.Errorf("%q: %v, want %q", name, err, want)
			}
		}
	}
}

func TestWhatThereIsNot(t *testing.T) {
	t.Parallel()
	c := &Config{path: "/x/pools.json", Pools: []*Pool{{Name: "a"}, {Name: "b"}, {Name: "a"}}, Chains: []*Chain{{Name: "a"}}}
	for _, err := range []error{c.RemovePool("c"), c.RemoveChain("c")} {
		e, ok := errors.AsType[*NotFoundError](err)
		if !ok || !strings.Contains(e.Error(), "/x/pools.json") || !strings.Contains(e.Error(), "a") || !strings.HasPrefix(e.Hint(), "kyoli ") {
			t.Errorf("got %v", err)
		}
	}
	ok(t, c.RemovePool("a"))
	ok(t, c.RemoveChain("a"))
	if d := cmp.Diff(&Config{Pools: []*Pool{{Name: "b"}}}, c, unlaid); d != "" {
		t.Error(d)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	c := &Config{
		path: "/x y/pools.json",
		Pools: []*Pool{
			{Name: "fine", BaseProvider: "openai", Members: []string{"a"}},
			{Name: "gone", BaseProvider: "openai", Members: []string{"a", "x"}},
			{Name: "fine", BaseProvider: "openai", Members: []string{"y"}},
			{Name: "who", BaseProvider: "nobody", Members: []string{"z"}},
			{Name: "unread", BaseProvider: "broken", Members: []string{"z"}},
		},
		Chains: []*Chain{
			{Name: "c", Entries: []*Entry{{Pool: "fine"}, {Pool: "nowhere"}, {Pool: "gone"}}},
			{Name: "c", Entries: []*Entry{{Pool: "nowhere"}}},
		},
	}
	got := c.Check(func(provider string) (map[string]bool, bool) {
		switch provider {
		case "openai":
			return map[string]bool{"a": true}, true
		case "broken":
			return nil, true
		}
		return nil, false
	})
	edit := "${EDITOR:-vi} '/x y/pools.json'"
	want := []Problem{
		{`pool "gone": openai has no account x`, "kyoli pools remove gone x"},
		{`pool "fine" is there twice; the first counts`, edit},
		{`pool "who": there is no provider "nobody"`, "kyoli pools rm who"},
		{`chain "c": there is no pool "nowhere"`, "kyoli chains remove c nowhere"},
		{`chain "c" is there twice; the first counts`, edit},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
