package login

import (
	"errors"
	"net"
	"strings"
	"testing"
)

func TestListen(t *testing.T) {
	for name, c := range map[string]struct{ redirect, want, unsupported string }{
		"none":       {"", "http://127.0.0.1:PORT/callback", ""},
		"any port":   {"http://127.0.0.1/back?x=1", "http://127.0.0.1:PORT/back?x=1", ""},
		"localhost":  {"http://localhost/auth/callback", "http://localhost:PORT/auth/callback", ""},
		"root":       {"http://127.0.0.1", "http://127.0.0.1:PORT", ""},
		"elsewhere":  {"http://192.0.2.1/callback", "", "does not lead back to this machine"},
		"an app's":   {"com.example.app:/callback", "", "does not lead back to this machine"},
		"https":      {"https://127.0.0.1/callback", "", "does not lead back to this machine"},
		"not an URL": {"http://[::1", "", "does not lead back to this machine"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.adapter.RedirectURL = c.redirect
			l, err := w.flow().Listen()
			if c.unsupported != "" {
				var no *UnsupportedError
				if !errors.As(err, &no) || !strings.Contains(no.Error(), c.unsupported) {
					t.Fatalf("err = %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			got := parse(t, l.URL()).Query().Get("redirect_uri")
			if want := strings.Replace(c.want, "PORT", parse(t, got).Port(), 1); got != want || parse(t, got).Port() == "" {
				t.Errorf("redirect_uri %s, want %s", got, c.want)
			}
		})
	}
	w := newWorld(t)
	w.adapter.AuthorizeURL = ""
	var no *UnsupportedError
	if _, err := w.flow().Listen(); !errors.As(err, &no) {
		t.Errorf("without authorize_url: %v", err)
	}
}

func TestListenPortTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	_, digits, _ := net.SplitHostPort(taken.Addr().String())
	for _, host := range []string{"127.0.0.1", "localhost"} {
		w := newWorld(t)
		w.adapter.RedirectURL = "http://" + host + ":" + digits + "/callback"
		var e *PortTakenError
		if _, err := w.flow().Listen(); !errors.As(err, &e) || e.Port != port || e.Addr != host+":"+digits {
			t.Errorf("%s: %v", host, err)
		}
	}
}

// Whoever has localhost's other address would be sent the code.
func TestListenOtherAddressTaken(t *testing.T) {
	taken, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skipf("no IPv6 here: %v", err)
	}
	defer taken.Close()
	_, digits, _ := net.SplitHostPort(taken.Addr().String())
	w := newWorld(t)
	w.adapter.RedirectURL = "http://localhost:" + digits + "/callback"
	var e *PortTakenError
	if _, err := w.flow().Listen(); !errors.As(err, &e) {
		t.Errorf("err = %v", err)
	}
	free, err := net.Listen("tcp4", "127.0.0.1:"+digits)
	if err != nil {
		t.Errorf("the first address was kept: %v", err)
	} else {
		_ = free.Close()
	}
}
