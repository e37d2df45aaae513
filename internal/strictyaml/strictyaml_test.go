package strictyaml

import (
	"errors"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

func TestParseFaults(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     Error
	}{
		{"duplicate key", "a: 1\nb: 2\na: 3\n", Error{3, "a", "given twice, first on line 1"}},
		{"duplicate key deep down", "x:\n  - {k: 1, k: 2}\n", Error{2, "k", "given twice, first on line 2"}},
		{"second document", "a: 1\n---\nb: 1\n", Error{2, "", "a second document; one is allowed"}},
		{"anchor", "a: &x 1\n", Error{1, "", "anchors and aliases are not supported"}},
		{"merge", "a: 1\n<<: {b: 1}\n", Error{2, "<<", "merge keys are not supported"}},
		{"key is a list", "[1, 2]: a\n", Error{1, "", "a key must be a plain word"}},
		{"invalid UTF-8", "a: 1\nb: \xff\n", Error{2, "", "not UTF-8"}},
		{"control character", "# x\n\na: \x1b[1m\n", Error{3, "", "control character U+001B"}},
		{"deep", strings.Repeat("[", 70) + strings.Repeat("]", 70), Error{1, "", "nested deeper than 64 levels"}},
		{"large", strings.Repeat("#", MaxBytes+1), Error{0, "", "larger than 1024 KiB"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root, err := Parse([]byte(tt.in))
			var got *Error
			if !errors.As(err, &got) {
				t.Fatalf("Parse = %v, %v; want an *Error", root, err)
			}
			if *got != tt.want {
				t.Errorf("got %+v, want %+v", *got, tt.want)
			}
		})
	}
}

func TestParseSyntaxNamesTheLine(t *testing.T) {
	for in, line := range map[string]int{
		"a: 1\nb: [1, 2\nc: 3\n": 2,
		"a: 1\n\tb: 2\n":         2,
		"a: 'x\n":                1,
	} {
		_, err := Parse([]byte(in))
		var got *Error
		if !errors.As(err, &got) {
			t.Errorf("%q: %v, want an *Error", in, err)
			continue
		}
		// The library counts some faults from the line they began on and
		// some from the one they were noticed on.
		if got.Line < line || got.Line > line+2 {
			t.Errorf("%q: line %d (%s), want about %d", in, got.Line, got.Reason, line)
		}
	}
}

func TestParseEmpty(t *testing.T) {
	for _, in := range []string{"", "\n", "# only a comment\n", "null\n", "---\n"} {
		if root, err := Parse([]byte(in)); root != nil || err != nil {
			t.Errorf("Parse(%q) = %v, %v; want nil, nil", in, root, err)
		}
	}
}

func TestWalking(t *testing.T) {
	root, err := Parse([]byte("b: 2\na: {x: true}\nn:\nl: [1]\ns: text\nt: !!timestamp 2020-01-01\n"))
	if err != nil {
		t.Fatal(err)
	}
	var keys string
	for key := range Pairs(root) {
		keys += key.Value
	}
	if keys != "banlst" {
		t.Errorf("keys in order %q, want banlst", keys)
	}
	kinds := map[string]string{
		"b": "a number", "a": "a mapping", "n": "nothing", "l": "a list", "s": "a string",
		"t": "a value of type timestamp", "absent": "nothing",
	}
	for key, want := range kinds {
		if got := Kind(Get(root, key)); got != want {
			t.Errorf("Kind(%s) = %q, want %q", key, got, want)
		}
		if got, want := IsNull(Get(root, key)), want == "nothing"; got != want {
			t.Errorf("IsNull(%s) = %v", key, got)
		}
	}
	if got := Kind(Get(Get(root, "a"), "x")); got != "true or false" {
		t.Errorf("nested kind %q", got)
	}
	for range Pairs(Get(root, "s")) {
		t.Error("a scalar has pairs")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"a: 1", "a: [1, {b: c}]", "&a [*a]", "a: &b {<<: *b}", "? a\n: b", "--- |\n x\n...\n", "\ufeffa: 1", "a: !!binary x"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		root, err := Parse(data)
		var fault *Error
		if err != nil && !errors.As(err, &fault) {
			t.Fatalf("error of type %T", err)
		}
		if err != nil && root != nil {
			t.Fatal("a tree beside an error")
		}
		nodes := 0
		var walk func(n *yaml.Node)
		walk = func(n *yaml.Node) {
			if nodes++; nodes > len(data)*4+16 {
				t.Fatal("more nodes than the text can hold")
			}
			for k, v := range Pairs(n) {
				_, _ = Kind(k), Kind(v)
			}
			for _, c := range n.Content {
				walk(c)
			}
		}
		if root != nil {
			walk(root)
		}
	})
}
