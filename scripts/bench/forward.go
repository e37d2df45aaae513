package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
)

// bare is the least that a proxy of Go's net/http can do: it passes requests and
// answers on and looks at nothing. What it costs is the machine's floor.
type bare struct {
	base      *url.URL
	transport *http.Transport
}

// forward plays the bare proxy, in a process of its own, and prints its address.
func forward(upstream string) error {
	base, err := url.Parse(upstream)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("http://" + l.Addr().String())
	t := &http.Transport{MaxIdleConnsPerHost: 2000, DisableCompression: true}
	return http.Serve(l, &bare{base: base, transport: t}) //nolint:gosec // it serves this program only
}

func (b *bare) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	u := *r.URL
	u.Scheme, u.Host = b.base.Scheme, b.base.Host
	out := &http.Request{Method: r.Method, URL: &u, Header: r.Header, Body: r.Body, ContentLength: r.ContentLength}
	res, err := b.transport.RoundTrip(out.WithContext(r.Context()))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer res.Body.Close()
	maps.Copy(w.Header(), res.Header)
	w.WriteHeader(res.StatusCode)
	if res.ContentLength >= 0 {
		_, _ = io.Copy(w, res.Body)
		return
	}
	for buf := make([]byte, 8<<10); ; {
		n, err := res.Body.Read(buf)
		_, werr := w.Write(buf[:n])
		if err := errors.Join(err, werr, http.NewResponseController(w).Flush()); err != nil {
			return
		}
	}
}
