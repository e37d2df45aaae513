package login

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
)

// defaultRedirect is for adapters without a redirect_url: any port (RFC 8252
// section 7.3).
const defaultRedirect = "http://127.0.0.1/callback"

// portTries bounds how often another port is tried where localhost's second
// address has the first one's taken.
const portTries = 8

// Listen opens the loopback address at which the browser comes back: the port of
// the adapter's redirect_url, or any where that names none. Errors:
// *PortTakenError, *UnsupportedError.
func (f *Flow) Listen() (*Callback, error) {
	u, err := f.redirect()
	if err != nil {
		return nil, err
	}
	listeners, err := listen(u.Hostname(), u.Port())
	if err != nil {
		return nil, f.portTaken(u, err)
	}
	if u.Port() == "" {
		_, port, _ := net.SplitHostPort(listeners[0].Addr().String())
		u.Host = net.JoinHostPort(u.Hostname(), port)
	}
	f.config.RedirectURL = u.String()
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	return &Callback{flow: f, listeners: listeners, path: path, visits: make(chan *visit, 1), over: make(chan struct{})}, nil
}

// redirect is the adapter's redirect_url, which has to lead to this machine.
func (f *Flow) redirect() (*url.URL, error) {
	text := f.o.Adapter.RedirectURL
	if text == "" {
		text = defaultRedirect
	}
	u, err := url.Parse(text)
	switch {
	case f.o.Adapter.AuthorizeURL == "":
		return nil, &UnsupportedError{Provider: f.o.Adapter.ID, Reason: "the adapter has no authorize_url, so there is no login in a browser"}
	case err != nil, u.Scheme != "http", !isLoopback(u.Hostname()):
		return nil, &UnsupportedError{Provider: f.o.Adapter.ID, Reason: "the adapter's redirect_url does not lead back to this machine"}
	}
	return u, nil
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// listen listens at a host of this machine. A browser may take localhost for
// either address, so both have to be ours: whoever has the other one would be
// sent the code.
func listen(host, port string) ([]net.Listener, error) {
	if !strings.EqualFold(host, "localhost") {
		l, err := net.Listen("tcp", net.JoinHostPort(host, orZero(port)))
		return []net.Listener{l}, err
	}
	var err error
	for range portTries {
		var first, second net.Listener
		if first, err = net.Listen("tcp4", net.JoinHostPort("127.0.0.1", orZero(port))); err != nil {
			return nil, err
		}
		_, same, _ := net.SplitHostPort(first.Addr().String())
		second, err = net.Listen("tcp6", net.JoinHostPort("::1", same))
		switch {
		case err == nil:
			return []net.Listener{first, second}, nil
		case !errors.Is(err, syscall.EADDRINUSE):
			return []net.Listener{first}, nil // no IPv6 here
		}
		_ = first.Close()
		if port != "" {
			break
		}
	}
	return nil, err
}

func orZero(port string) string {
	if port == "" {
		return "0"
	}
	return port
}

func (f *Flow) portTaken(u *url.URL, err error) error {
	if !errors.Is(err, syscall.EADDRINUSE) {
		return err
	}
	port, _ := strconv.Atoi(u.Port())
	return &PortTakenError{Provider: f.o.Adapter.ID, Addr: u.Host, Port: port, Err: err}
}
