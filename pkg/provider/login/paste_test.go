package login

import (
	"errors"
	"strings"
	"testing"
)

func TestPasted(t *testing.T) {
	w := newWorld(t)
	f := w.flow()
	address, begins, err := f.PasteURL()
	if err != nil || begins != "http://127.0.0.1/callback" {
		t.Fatalf("PasteURL: %s, %v", begins, err)
	}
	state := parse(t, address).Query().Get("state")
	for name, c := range map[string]struct{ text, code, fault string }{
		"the whole address":   {"http://127.0.0.1/callback?code=a%2Fb&state=" + state, "a/b", ""},
		"spaces, a line":      {"  http://127.0.0.1/callback?code=a&state=" + state + "\r\n", "a", ""},
		"quoted":              {`"http://127.0.0.1/callback?code=a&state=` + state + `"`, "a", ""},
		"with a fragment":     {"http://127.0.0.1/callback?code=a&state=" + state + "#_=_", "a", ""},
		"the query":           {"?code=a&state=" + state, "a", ""},
		"the parameters":      {"state=" + state + "&code=a", "a", ""},
		"code#state":          {"a#" + state, "a", ""},
		"nothing":             {" ", "", "nothing was pasted"},
		"the code alone":      {"abc", "", "state is missing"},
		"an address without":  {"http://127.0.0.1/callback?code=a", "", "state is missing"},
		"another login's":     {"http://127.0.0.1/callback?code=a&state=b", "", "another login"},
		"another's code":      {"a#b", "", "another login"},
		"two codes":           {"code=a&code=b&state=" + state, "", "no code in it"},
		"no code":             {"#" + state, "", "no code in it"},
		"several lines":       {"http://127.0.0.1/callback?code=a\n&state=" + state, "", "not one address"},
		"a broken escape":     {"http://127.0.0.1/callback?code=%zz&state=" + state, "", "not an address"},
		"very long":           {strings.Repeat("a", maxPaste+1), "", "not one address"},
		"an escape sequence":  {"\x1b[200~code#" + state, "", "not one address"},
		"the address to open": {address, "", "state is missing"},
	} {
		code, err := f.Pasted(c.text)
		var fault *PasteError
		switch {
		case c.fault == "" && (err != nil || code != c.code):
			t.Errorf("%s: %q, %v; want %q", name, code, err, c.code)
		case c.fault != "" && (!errors.As(err, &fault) || !strings.Contains(err.Error(), c.fault) || code != ""):
			t.Errorf("%s: %q, %v; want an error with %q", name, code, err, c.fault)
		}
	}
	var denied *DeniedError
	if _, err := f.Pasted("error=access_denied&state=" + state); !errors.As(err, &denied) {
		t.Errorf("a no: %v", err)
	}
	code, err := f.Pasted(w.authorize(address, "ann"))
	if err != nil {
		t.Fatal(err)
	}
	if token, err := f.Exchange(t.Context(), code); err != nil || token.Email != "ann@example.com" {
		t.Errorf("Exchange: %v, %v", token, err)
	}
	w.adapter.AuthorizeURL = ""
	var no *UnsupportedError
	if _, _, err := w.flow().PasteURL(); !errors.As(err, &no) {
		t.Errorf("without authorize_url: %v", err)
	}
}

// Nothing that is pasted is taken without the login's own state.
func FuzzPasted(f *testing.F) {
	for _, seed := range []string{"http://h/c?code=a&state=STATE", "a#STATE", "code=a&state=STATE", "error=x&state=STATE", "code=%&state=STATE", "#"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		flow := newWorld(t).flow()
		if code, err := flow.Pasted(text); err == nil || code != "" {
			t.Fatalf("Pasted(%q) = %q, %v without the state", text, code, err)
		}
		text = strings.ReplaceAll(text, "STATE", flow.state)
		code, err := flow.Pasted(text)
		var fault *PasteError
		var denied *DeniedError
		switch {
		case err == nil && (code == "" || !strings.Contains(text, flow.state)):
			t.Fatalf("Pasted(%q) = %q", text, code)
		case err != nil && !errors.As(err, &fault) && !errors.As(err, &denied):
			t.Fatalf("Pasted(%q): %v", text, err)
		}
	})
}
