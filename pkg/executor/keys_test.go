package executor

import (
	"strings"
	"testing"
)

// TestKeys: requests with the same letter belong together.
func TestKeys(t *testing.T) {
	session := map[string]string{}
	prompt := map[string]string{}
	for _, tt := range []struct{ session, prompt, body string }{
		{"a", "1", `{"input":"hello"}`},
		{"a", "1", `{"model":"m","stream":true,"input":[{"role":"developer","content":"x"},{"role":"user","content":"hello"}]}`},
		{"a", "1", `{"input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"hello"}]}]}`},
		{"a", "1", `{"messages":[{"role":"system","content":"x"},{"content":"hello","role":"user"}]}`},
		{"a", "1", `{"messages":[{"role":"user","content":[{"type":"image","text":"x"},{"type":"text","text":"hello"}]},{"role":"assistant","content":"y"},{"role":"tool","content":"z"}]}`},
		{"a", "1", `{"messages":[{"role":"user","content":"hello"},{"role":"user","content":[{"type":"tool_result","content":"x"}]}]}`},
		{"a", "2", `{"messages":[{"role":"user","content":"hello"},{"role":"assistant","content":"x"},{"role":"user","content":"go on"}]}`},
		{"a", "3", `{"messages":[{"role":"user","content":"hello"},{"role":"user","content":"go on"},{"role":"user","content":"go on"}]}`},
		{"b", "4", `{"messages":[{"role":"user","content":"go on"}]}`},
		{"", "", `{"messages":[{"role":"assistant","content":"hello"}]}`},
		{"", "", `{"messages":{"role":"user","content":"hello"}}`},
		{"", "", `{"prompt":"hello"}`},
		{"", "", `[]`},
		{"", "", ``},
	} {
		k := keysOf(nil, []byte(tt.body), true)
		if (k.session == "") != (tt.session == "") || (k.prompt == "") != (tt.prompt == "") {
			t.Errorf("%s: %+v", tt.body, k)
		}
		check := func(known map[string]string, name, key string) {
			if before, ok := known[name]; ok && before != key {
				t.Errorf("%s is not like the others of %q", tt.body, name)
			}
			known[name] = key
		}
		check(session, tt.session, k.session)
		check(prompt, tt.prompt, k.prompt)
	}
	for _, known := range []map[string]string{session, prompt} {
		names := map[string]string{}
		for name, key := range known {
			if other, ok := names[key]; ok {
				t.Errorf("%q and %q have one key", name, other)
			}
			names[key] = name
		}
	}
}

func TestKeysFromHeaders(t *testing.T) {
	h := headers("X-Session-Id", "3", "Session-Id", "2")
	if k := keysOf(h, []byte("{}"), true); k.session != "Session-Id 2" || k.prompt != "" {
		t.Errorf("got %+v", k)
	}
	h.Set("X-Claude-Code-Session-Id", "1")
	if k := keysOf(h, nil, true); k.session != "X-Claude-Code-Session-Id 1" {
		t.Errorf("got %+v", k)
	}
	if k := keysOf(h, []byte(`{"input":"hello"}`), true); strings.Contains(k.session, "Session") || strings.Contains(k.session, "hello") {
		t.Errorf("got %+v", k)
	}
	if k := keysOf(nil, []byte(`{"input":[{"role":"user","content":"hello"},{"role":"us`), false); k.session == "" || k.prompt != "" {
		t.Errorf("half a body: %+v", k)
	}
}

func FuzzKeys(f *testing.F) {
	f.Add([]byte(`{"messages":[{"role":"user","content":[{"type":"text","text":"hello"}]}],"input":"x"}`))
	f.Add([]byte(`{"input":[{"role":"user","content":"hel`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if k := keysOf(nil, body, true); len(k.session) != 0 && len(k.session) != 32 || k.session == "" && k.prompt != "" {
			t.Errorf("%q: %+v", body, k)
		}
	})
}
