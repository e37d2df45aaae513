package login

import (
	"net/url"
	"strings"
)

// maxPaste bounds what is pasted, bytes.
const maxPaste = 64 << 10

// PasteURL is where the person logs in whose browser cannot come back by itself,
// and begins is what the address begins with at which it ends.
func (f *Flow) PasteURL() (authorize, begins string, err error) {
	if f.o.Adapter.AuthorizeURL == "" {
		return "", "", &UnsupportedError{Provider: f.o.Adapter.ID, Reason: "the adapter has no authorize_url, so there is no login in a browser"}
	}
	if f.config.RedirectURL == "" {
		f.config.RedirectURL = defaultRedirect
	}
	return f.authorizeURL(), f.config.RedirectURL, nil
}

// Pasted reads what the person pasted: the address at which the browser ended, a
// part of it that has code and state, or code#state. Errors: *PasteError, after
// which something else can be pasted, and *DeniedError.
func (f *Flow) Pasted(text string) (code string, err error) {
	query, err := parsePaste(text)
	if err != nil {
		return "", err
	}
	if query.Get("state") == "" {
		return "", &PasteError{"the state is missing: paste the whole address, from http to its end"}
	}
	if !f.isState(query.Get("state")) {
		return "", &PasteError{"that belongs to another login: begin with the address above"}
	}
	v, ok := f.visit(query)
	if !ok {
		return "", &PasteError{"there is no code in it: paste the whole address, from http to its end"}
	}
	return v.code, v.err
}

// parsePaste finds the parameters in what was pasted.
func parsePaste(text string) (url.Values, error) {
	text = strings.Trim(strings.TrimSpace(text), `"'<>`)
	switch {
	case text == "":
		return nil, &PasteError{"nothing was pasted"}
	case len(text) > maxPaste || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }):
		return nil, &PasteError{"that is not one address: it has spaces, line breaks, or characters that no address has"}
	}
	if !strings.Contains(text, "code=") && !strings.Contains(text, "error=") {
		code, state, _ := strings.Cut(text, "#")
		return url.Values{"code": {code}, "state": {state}}, nil
	}
	if _, query, ok := strings.Cut(text, "?"); ok {
		text = query
	}
	text, _, _ = strings.Cut(text, "#")
	query, err := url.ParseQuery(text)
	if err != nil {
		return nil, &PasteError{"that is not an address with a code in it"}
	}
	return query, nil
}
