package hop_test

import (
	"net/http"
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/internal/hop"
)

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

func TestDropConnection(t *testing.T) {
	h := header("connection", "close, x-one", "Connection", "X-Two", "X-One", "1", "x-two", "2", "keep-alive", "5", "TE", "trailers",
		"transfer-encoding", "chunked", "upgrade", "websocket", "trailer", "x", "proxy-connection", "close", "expect", "100-continue",
		"Content-Type", "text/plain", "X-Three", "3")
	hop.DropConnection(h)
	if diff := cmp.Diff(header("Content-Type", "text/plain", "X-Three", "3"), h); diff != "" {
		t.Error(diff)
	}
}

func TestDropCredentials(t *testing.T) {
	h := header("authorization", "Bearer x", "x-api-key", "x", "api-key", "x", "x-goog-api-key", "x", "cookie", "x", "proxy-authorization", "x", "X-App", "1")
	hop.DropCredentials(h)
	if diff := cmp.Diff(header("X-App", "1"), h); diff != "" {
		t.Error(diff)
	}
}

// TestForwarded: the copy is what is left after all that ends here, and the original stays as it is.
func TestForwarded(t *testing.T) {
	h := header("connection", "x-one", "X-One", "1", "te", "trailers", "authorization", "Bearer x", "cookie", "x", "X-App", "1", "X-App", "2")
	before := h.Clone()
	c := hop.Forwarded(h, 1)
	if diff := cmp.Diff(header("X-App", "1", "X-App", "2"), c); diff != "" {
		t.Error(diff)
	}
	c.Set("X-App", "3")
	c.Add("X-One", "4")
	if diff := cmp.Diff(before, h); diff != "" {
		t.Error(diff)
	}
}

func TestPlainPath(t *testing.T) {
	for path, want := range map[string]bool{
		"": true, "/": true, "/a": true, "/a/": true, "/a/b.c/d~e%20f": true, "/...": true,
		"/..": false, "/a/../b": false, "/./a": false, "/a/.": false, "//a": false, "/a//b": false, "/a//": false,
		"/%2e%2e/a": false, "/a%2Fb": false, "/a%5cb": false, "/a\\b": false, "/a;b": false, "/a%00": false,
	} {
		if got := hop.PlainPath(path); got != want {
			t.Errorf("%q: %v", path, got)
		}
	}
}

// FuzzPlainPath: what is plain to us is so to whoever decodes it first.
func FuzzPlainPath(f *testing.F) {
	f.Add("/a/%2e%2E/b")
	f.Add("/a%2f%5C;%00")
	f.Fuzz(func(t *testing.T, escaped string) {
		decoded, err := url.PathUnescape(escaped)
		if err != nil || !hop.PlainPath(escaped) {
			return
		}
		if strings.ContainsAny(decoded, "\\\x00") || strings.Count(decoded, "/") != strings.Count(escaped, "/") {
			t.Errorf("%q is %q", escaped, decoded)
		}
		if clean := path.Clean("/" + decoded); strings.HasPrefix(decoded, "/") && clean != "/" && clean != strings.TrimSuffix(decoded, "/") {
			t.Errorf("%q is %q, which leads to %q", escaped, decoded, clean)
		}
	})
}
