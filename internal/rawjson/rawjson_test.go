package rawjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
)

const odd = " {\r\n\t\"b\" :  1.7e12,\"a\":\"\\u00e9\\/\" , \"n\":9007199254740993,\n\"o\": { } ,\"l\":[ 1 ,2]\n}\n\n"

func TestObjectKeepsEveryByte(t *testing.T) {
	o := mustObject(t, odd)
	if got := string(o.Bytes()); got != odd {
		t.Errorf("got %q, want %q", got, odd)
	}
	if diff := cmp.Diff([]string{"b", "a", "n", "o", "l"}, o.Names()); diff != "" {
		t.Error(diff)
	}
	if v, ok := o.Get("n"); !ok || string(v) != "9007199254740993" {
		t.Errorf("n = %s, %v", v, ok)
	}
	if _, ok := o.Get("missing"); ok {
		t.Error("a missing member was found")
	}
}

func TestSet(t *testing.T) {
	tests := []struct {
		name, in, member string
		value            any
		want             string
	}{
		{"in place", `{"a":1, "b" : 2}`, "b", "x", `{"a":1, "b" : "x"}`},
		{"appended, compact", `{"a":1}`, "b", true, `{"a":1,"b":true}`},
		{"appended, one line with spaces", `{ "a": 1, "c": 2 }`, "b", 3, `{ "a": 1, "c": 2, "b": 3 }`},
		{"appended, indented", "{\n  \"a\": 1\n}\n", "b", int64(2), "{\n  \"a\": 1,\n  \"b\": 2\n}\n"},
		{"appended, tabs and spaced colons", "{\n\t\"a\" : 1\n}", "b", nil, "{\n\t\"a\" : 1,\n\t\"b\" : null\n}"},
		{"comma before its line", "{\n \"a\":1\n, \"b\":2\n}", "c", 3, "{\n \"a\":1\n, \"b\":2\n, \"c\":3\n}"},
		{"into an empty one", `{}`, "a", 1, "{\n  \"a\": 1\n}"},
		{
			"composite, indented", "{\n    \"a\": 1\n}", "b",
			map[string]any{"x": []int{1}},
			"{\n    \"a\": 1,\n    \"b\": {\n        \"x\": [\n            1\n        ]\n    }\n}",
		},
		{"composite, compact", `{"a":1}`, "b", map[string]any{"x": []int{}}, `{"a":1,"b":{"x":[]}}`},
		{"raw as it is", "{\n  \"a\": 1\n}", "b", jsontext.Value(`{"x":  1e3}`), "{\n  \"a\": 1,\n  \"b\": {\"x\":  1e3}\n}"},
		{"raw message", `{"a":1}`, "b", json.RawMessage(` [1] `), `{"a":1,"b":[1]}`},
		{"text that HTML would escape", `{"a":1}`, "a", "<&>\u2028", "{\"a\":\"<&>\u2028\"}"},
		{"struct with such text", `{"a":1}`, "a", []string{"<&>"}, `{"a":["<&>"]}`},
		{"text that is not UTF-8", `{"a":1}`, "a", "x\xff", "{\"a\":\"x\ufffd\"}"},
		{"a name that needs quoting", `{"a":1}`, `q"`, 1, `{"a":1,"q\"":1}`},
		{"escapes before a quote", `{"a":"\\","b":"\"\\\"","c":"\\\\"}`, "a", 1, `{"a":1,"b":"\"\\\"","c":"\\\\"}`},
		{"a name with an escape is found", `{"\u0061":1}`, "a", 2, `{"\u0061":2}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := mustObject(t, tt.in)
			if err := o.Set(tt.member, tt.value); err != nil {
				t.Fatal(err)
			}
			if got := string(o.Bytes()); got != tt.want {
				t.Errorf("\n got %q\nwant %q", got, tt.want)
			}
			mustObject(t, string(o.Bytes()))
		})
	}
}

func TestSetRefuses(t *testing.T) {
	o := mustObject(t, `{"a":1}`)
	for _, v := range []any{func() {}, jsontext.Value(`{"a":}`), json.RawMessage(`1 2`), jsontext.Value("")} {
		if err := o.Set("a", v); err == nil {
			t.Errorf("%T %v was accepted", v, v)
		}
	}
	if err := o.SetRaw("b", jsontext.Value(`{"a":1,"a":2}`)); err == nil {
		t.Error("a raw value with duplicate names was accepted")
	}
	if got := string(o.Bytes()); got != `{"a":1}` {
		t.Errorf("a refused value changed the object: %s", got)
	}
}

func TestNameThatIsNotUTF8IsOneMember(t *testing.T) {
	o := NewObject("")
	if err := errors.Join(o.Set("x\xff", 1), o.Set("x\xff", 2)); err != nil {
		t.Fatal(err)
	}
	if got, want := string(o.Bytes()), "{\"x\ufffd\":2}"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDelete(t *testing.T) {
	tests := []struct{ name, in, member, want string }{
		{"first", "{\n  \"a\": 1,\n  \"b\": 2\n}", "a", "{\n  \"b\": 2\n}"},
		{"middle", `{ "a": 1, "b": 2, "c": 3 }`, "b", `{ "a": 1, "c": 3 }`},
		{"last", "{\n  \"a\": 1,\n  \"b\": 2\n}", "b", "{\n  \"a\": 1\n}"},
		{"only", "{\n  \"a\": 1\n}", "a", "{}"},
		{"missing", `{"a":1}`, "b", `{"a":1}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := mustObject(t, tt.in)
			_, had := o.Get(tt.member)
			if got := o.Delete(tt.member); got != had {
				t.Errorf("Delete = %v", got)
			}
			if got := string(o.Bytes()); got != tt.want {
				t.Errorf("\n got %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestDeleteAllThenAddKeepsTheLayout(t *testing.T) {
	o := mustObject(t, "{\n\t\"x\": {\n\t\t\"a\": 1\n\t}\n}")
	x, ok := o.Object("x")
	if !ok {
		t.Fatal("x is not an object")
	}
	x.Delete("a")
	if err := errors.Join(x.Set("b", 2), o.Set("x", x)); err != nil {
		t.Fatal(err)
	}
	if got, want := string(o.Bytes()), "{\n\t\"x\": {\n\t\t\"b\": 2\n\t}\n}"; got != want {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
}

func TestNested(t *testing.T) {
	o := mustObject(t, "{\n  \"l\": [\n    {\n      \"a\": 1.0\n    }\n  ],\n  \"s\": 1\n}")
	l, ok := o.Array("l")
	if !ok {
		t.Fatal("l is not an array")
	}
	e, ok := l.Object(0)
	if !ok {
		t.Fatal("l[0] is not an object")
	}
	added := NewObject("\t")
	if err := errors.Join(e.Set("b", []int{2}), l.Set(0, e), added.Set("c", 3), l.Append(added), o.Set("l", l)); err != nil {
		t.Fatal(err)
	}
	want := "{\n  \"l\": [\n    {\n      \"a\": 1.0,\n      \"b\": [\n        2\n      ]\n    },\n    {\n      \"c\": 3\n    }\n  ],\n  \"s\": 1\n}"
	if got := string(o.Bytes()); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	if _, ok := o.Object("s"); ok {
		t.Error("a number was taken for an object")
	}
	if _, ok := o.Array("missing"); ok {
		t.Error("a missing member was taken for an array")
	}
	if _, ok := o.Object("l"); ok {
		t.Error("an array was taken for an object")
	}
}

func TestArray(t *testing.T) {
	a, err := ParseArray([]byte("[ 1, {\"a\":1} ,\t3 ]"))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := a.Object(0); ok {
		t.Error("a number was taken for an object")
	}
	a.Delete(2)
	if err := errors.Join(a.SetRaw(0, jsontext.Value(" 1e1 ")), a.Append("x")); err != nil {
		t.Fatal(err)
	}
	if got, want := string(a.Bytes()), `[ 1e1, {"a":1}, "x" ]`; got != want {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
	if a.Len() != 3 || string(a.Elems()[1]) != `{"a":1}` {
		t.Errorf("elements: %q", a.Elems())
	}
	if a.SetRaw(0, jsontext.Value("tru")) == nil || a.Append(func() {}) == nil || a.Set(0, func() {}) == nil {
		t.Error("a value that is not JSON was accepted")
	}
}

func TestNew(t *testing.T) {
	o, l := NewObject("  "), NewArray("")
	if err := errors.Join(l.Append(1), l.Append(2), o.Set("v", 1), o.Set("l", l), o.Set("e", NewArray("  "))); err != nil {
		t.Fatal(err)
	}
	if got, want := string(l.Bytes()), "[1,2]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	// As JSON.stringify({v: 1, l: [1, 2], e: []}, null, 2) writes it.
	if got, want := string(o.Bytes()), "{\n  \"v\": 1,\n  \"l\": [\n    1,\n    2\n  ],\n  \"e\": []\n}"; got != want {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
	c := NewObject("")
	if err := errors.Join(c.Set("a", 1), c.Set("b", o)); err != nil {
		t.Fatal(err)
	}
	if got, want := string(c.Bytes()), `{"a":1,"b":{"v":1,"l":[1,2],"e":[]}}`; got != want {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
}

func TestManyMembersUseTheIndex(t *testing.T) {
	o := NewObject("")
	name := func(i int) string { return strings.Repeat("x", i+1) }
	for i := range 100 {
		if err := o.Set(name(i), i); err != nil {
			t.Fatal(err)
		}
	}
	if !o.Delete(name(50)) || o.Delete(name(50)) {
		t.Error("Delete does not find one member once")
	}
	if err := errors.Join(o.Set(name(99), -1), o.Set(name(50), -2)); err != nil {
		t.Fatal(err)
	}
	for i, want := range map[int]string{49: "49", 50: "-2", 51: "51", 99: "-1"} {
		if v, _ := o.Get(name(i)); string(v) != want {
			t.Errorf("member %d = %s, want %s", i, v, want)
		}
	}
	if o.Len() != 100 {
		t.Errorf("Len = %d", o.Len())
	}
}

func TestSyntaxErrors(t *testing.T) {
	tests := []struct {
		name, in string
		want     SyntaxError
	}{
		{"empty", "", SyntaxError{0, "", "the document is empty"}},
		{"blank", " \n", SyntaxError{2, "", "the document is empty"}},
		{"null", " null", SyntaxError{1, "", "the document is not an object"}},
		{"array", "[]", SyntaxError{0, "", "the document is not an object"}},
		{"BOM", "\xef\xbb\xbf{}", SyntaxError{0, "", "the document starts with a byte order mark"}},
		{"truncated", `{"a":[1,`, SyntaxError{8, "/a", "the document ends too early"}},
		{"truncated string", `{"a":"x`, SyntaxError{7, "/a", "the document ends too early"}},
		{"more", `{} {}`, SyntaxError{3, "", "there is more after the document's end"}},
		{"duplicate", `{"a":{"b":1,"b":2}}`, SyntaxError{12, "/a/b", "duplicate member name"}},
		{"duplicate by escape", `{"a":1,"\u0061":2}`, SyntaxError{7, "/a", "duplicate member name"}},
		{"invalid UTF-8", "{\"a\":\"\xff\"}", SyntaxError{6, "/a", "invalid UTF-8"}},
		{"lone surrogate", `{"a":"\ud800"}`, SyntaxError{6, "/a", "invalid surrogate pair in string"}},
		{"control character", "{\"a\":\"\n\"}", SyntaxError{6, "/a", "invalid character in string (expecting non-control character)"}},
		{"bad escape", `{"a":"\x"}`, SyntaxError{6, "/a", "invalid escape sequence in string"}},
		{"number as a name", `{1:2}`, SyntaxError{1, "", "invalid character at start of string (expecting '\"')"}},
		{"comma at the end", `{"a":1,}`, SyntaxError{7, "", "invalid character at start of string (expecting '\"')"}},
		{"long name", `{"` + strings.Repeat("t", 40) + `":x}`, SyntaxError{44, "/…", "invalid character at start of value"}},
		{"name with a slash", `{"a/~":x}`, SyntaxError{7, "/a~1~0", "invalid character at start of value"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseObject([]byte(tt.in))
			var got *SyntaxError
			if !errors.As(err, &got) {
				t.Fatalf("got %v", err)
			}
			if diff := cmp.Diff(tt.want, *got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if _, err := ParseArray([]byte("{}")); err == nil {
		t.Error("an object was taken for an array")
	}
	deep := strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001)
	if err := Validate([]byte(deep)); err == nil {
		t.Error("insane nesting was accepted")
	}
}

func TestSyntaxErrorDoesNotQuote(t *testing.T) {
	const secret = "rt-4fZq0secretsecretsecretsecretsecretsecret"
	for _, in := range []string{
		`{"refreshToken":"` + secret + `\q"}`, `{"refreshToken":` + secret + `}`, `{"` + secret + `"}`,
		`{"a":"b" "` + secret + `":1}`, `["` + secret + `"`, `{"` + secret + `":"` + secret, `{"` + secret + `":1,"` + secret + `":2}`,
	} {
		_, err := ParseObject([]byte(in))
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", in, err)
		}
	}
}

func TestMillis(t *testing.T) {
	for in, want := range map[string]int64{
		"0": 0, "1700000000000": 1700000000000, "1.7e12": 1700000000000, "1.7E+12": 1700000000000, "-5": -5,
		"1700000000000.9": 1700000000000, " 12 ": 12, "8640000000000000": 8640000000000000, "1e-400": 0,
	} {
		if got, err := Millis(jsontext.Value(in)); err != nil || got != want {
			t.Errorf("Millis(%s) = %d, %v", in, got, err)
		}
	}
	for _, in := range []string{"1e306", "1e999", "-1e16", "9223372036854775807", `"1"`, "null", "true", "", "{}", "-", "1x"} {
		if got, err := Millis(jsontext.Value(in)); err == nil {
			t.Errorf("Millis(%s) = %d", in, got)
		} else if len(in) > 4 && strings.Contains(err.Error(), in) {
			t.Errorf("Millis(%s) quotes the value: %v", in, err)
		}
	}
}

func TestText(t *testing.T) {
	if s, ok := Text(jsontext.Value(` "a\n\u00e9" `)); !ok || s != "a\né" {
		t.Errorf("got %q, %v", s, ok)
	}
	if _, ok := Text(jsontext.Value("1")); ok {
		t.Error("a number was taken for a string")
	}
}

func TestEach(t *testing.T) {
	const in = ` {"a" : "x\\" , "b":[{"c":"]}"},2],"d":{},"\u0065": -1e3}`
	var got []string
	Each([]byte(in), func(name []byte, v jsontext.Value, offset int) bool {
		if in[offset:offset+len(v)] != string(v) {
			t.Errorf("the offset of %s is wrong", name)
		}
		got = append(got, string(name)+"="+string(v))
		return true
	})
	if diff := cmp.Diff([]string{`a="x\\"`, `b=[{"c":"]}"},2]`, "d={}", "e=-1e3"}, got); diff != "" {
		t.Error(diff)
	}
	var elems []string
	EachElem([]byte(` [ [1,"]"] ,{"a":[]},null , 3]`), func(v jsontext.Value, _ int) bool {
		elems = append(elems, string(v))
		return len(elems) < 3
	})
	if diff := cmp.Diff([]string{`[1,"]"]`, `{"a":[]}`, "null"}, elems); diff != "" {
		t.Error(diff)
	}
}

func TestCursor(t *testing.T) {
	const in = ` {"a":[{"x":1},{},[],{"y":"}"} ] , "b":{"c":[2]},"d":3,"e":[]}`
	var got []string
	add := func(c *Cursor) {
		from := c.Offset()
		v := c.Value()
		if in[from:c.Offset()] != string(v) {
			t.Errorf("the offsets of %s are wrong", v)
		}
		got = append(got, string(v))
	}
	c := NewCursor([]byte(in))
	c.Members(func(name []byte) bool {
		got = append(got, string(name))
		switch string(name) {
		case "a":
			c.Elems(func() bool {
				if c.Kind() == '{' {
					c.Members(func(name []byte) bool {
						got = append(got, string(name))
						add(c)
						return true
					})
				}
				return true
			})
		case "d":
			add(c)
		}
		return true
	})
	if diff := cmp.Diff([]string{"a", "x", "1", "y", `"}"`, "b", "d", "3", "e"}, got); diff != "" {
		t.Error(diff)
	}
	if c.Offset() != len(in) || c.Kind() != 0 {
		t.Errorf("the cursor ends at %d of %d", c.Offset(), len(in))
	}
}

func TestCursorText(t *testing.T) {
	c := NewCursor([]byte(`["a\"b","c d",7,"é"]`))
	var got []string
	c.Elems(func() bool {
		s, ok := c.Text()
		if !ok {
			s = "no text"
		}
		got = append(got, s)
		return true
	})
	if diff := cmp.Diff([]string{`a"b`, "c d", "no text", "é"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestManyEscapesTakeLinearTime: quadratic, this would take minutes.
func TestManyEscapesTakeLinearTime(t *testing.T) {
	in := `{"a":"` + strings.Repeat(`\\`, 4<<20) + `\""}`
	o := mustObject(t, in)
	if string(o.Bytes()) != in {
		t.Error("not kept")
	}
}

func mustObject(t *testing.T, text string) *Object {
	t.Helper()
	o, err := ParseObject([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return o
}

func FuzzObject(f *testing.F) {
	for _, s := range []string{odd, "{}", "{ }", `{"a":{"b":[{}]}}`, "null", `{"a":"\ud83d\ude00"}`, `{"":{"":1}}`, "{\"a\":1\n}"} {
		f.Add([]byte(s), "a", "v")
	}
	f.Fuzz(func(t *testing.T, data []byte, name, value string) {
		Each(data, func([]byte, jsontext.Value, int) bool { return true }) // within bounds, whatever it is
		EachElem(data, func(jsontext.Value, int) bool { return true })
		o, err := ParseObject(data)
		if err != nil {
			if bytes.Contains(data, []byte("0123456789")) && strings.Contains(err.Error(), "0123456789") {
				t.Errorf("the error quotes the content: %v", err)
			}
			return
		}
		if !bytes.Equal(o.Bytes(), data) {
			t.Fatalf("not kept: %q became %q", data, o.Bytes())
		}
		before := o.Names()
		if err := o.Set(name, value); err != nil {
			t.Fatal(err)
		}
		again, err := ParseObject(o.Bytes())
		if err != nil {
			t.Fatalf("%q after Set: %v", o.Bytes(), err)
		}
		valid := strings.ToValidUTF8(value, "\ufffd")
		if v, _ := again.Get(strings.ToValidUTF8(name, "\ufffd")); func() bool { s, ok := Text(v); return !ok || s != valid }() {
			t.Fatalf("%q: %q = %s, want %q", o.Bytes(), name, v, valid)
		}
		for _, n := range before {
			if !o.Delete(n) {
				t.Fatalf("%q is not found", n)
			}
			if _, err := ParseObject(o.Bytes()); err != nil {
				t.Fatalf("%q after Delete: %v", o.Bytes(), err)
			}
		}
	})
}
