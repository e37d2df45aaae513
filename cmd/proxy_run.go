package cmd

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/kyoli-gam/kyoli/internal/regular"
	"github.com/kyoli-gam/kyoli/internal/termtext"
	"github.com/kyoli-gam/kyoli/pkg/claims"
	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/proxy"
)

func runProxy(ctx context.Context, f *Factory, o *proxyOptions) error {
	s := &proxyRun{f: f, o: o, keys: f.proxyKeys(), metrics: proxy.NewMetrics()}
	if _, err := s.keys.Keys(); err != nil {
		return err
	}
	if err := s.listen(); err != nil {
		return err
	}
	defer s.close(ctx)
	if err := s.providers(ctx); err != nil {
		return err
	}
	handler, err := s.handler()
	if err != nil {
		return err
	}
	if err := s.announce(); err != nil {
		return err
	}
	// From here on signals are the service's, so that answers can end. They are not
	// given back: the one that ended it may still be on its way to kyoli's own watch.
	f.TakeSignals()
	ctx, now, release := stopSignals(ctx)
	defer release()
	listeners := s.listeners
	s.listeners = nil // closed by the server
	return proxy.Serve(ctx, handler, proxy.Stop{Grace: o.Grace, Now: now}, listeners...)
}

// stopSignals ends the context at the first signal that asks to stop, and closes
// now at the second.
func stopSignals(parent context.Context) (ctx context.Context, now <-chan struct{}, release func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	atOnce := make(chan struct{})
	go func() {
		if _, ok := <-signals; ok {
			cancel()
		}
		if _, ok := <-signals; ok {
			close(atOnce)
		}
	}()
	return ctx, atOnce, func() {
		signal.Stop(signals)
		close(signals)
		cancel()
	}
}

// proxyRun is one run of the service.
type proxyRun struct {
	f         *Factory
	o         *proxyOptions
	keys      *proxy.KeyFile
	metrics   *proxy.Metrics
	cert      *tls.Certificate // nil: no TLS
	listeners []net.Listener
	urls      []string
	upstreams []*upstream
}

// listen opens what to listen on, before anything else is done.
func (s *proxyRun) listen() error {
	if s.o.TLSCert != "" {
		cert, err := readCertificate(s.o.TLSCert, s.o.TLSKey)
		if err != nil {
			return err
		}
		s.cert = cert
	}
	if s.o.Listen != "" {
		l, err := net.Listen("tcp", s.o.Listen)
		if err != nil {
			return listenFault(err)
		}
		scheme := "http"
		if s.cert != nil {
			scheme = "https"
			l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{*s.cert}, MinVersion: tls.VersionTLS12})
		}
		s.listeners = append(s.listeners, l)
		s.urls = append(s.urls, scheme+"://"+l.Addr().String())
	}
	if s.o.Unix != "" {
		l, err := proxy.ListenUnix(s.o.Unix)
		if err != nil {
			s.close(context.Background())
			return fileError(err)
		}
		s.listeners = append(s.listeners, l)
		s.urls = append(s.urls, "unix:"+s.o.Unix)
	}
	return nil
}

// maxPEM is what a file of certificates or a key may hold, in bytes.
const maxPEM = 1 << 20

// readCertificate reads what https is served with. Errors name the flag and the file.
func readCertificate(certFile, keyFile string) (*tls.Certificate, error) {
	chain, err := regular.Read(certFile, maxPEM)
	if err != nil {
		return nil, usageErrorf("", "--tls-cert: %w", err)
	}
	key, err := regular.Read(keyFile, maxPEM)
	if err != nil {
		return nil, usageErrorf("", "--tls-key: %w", err)
	}
	cert, err := tls.X509KeyPair(chain, key)
	if err != nil {
		return nil, usageErrorf("", "--tls-cert %s, --tls-key %s: %w", certFile, keyFile, err)
	}
	return &cert, nil
}

func listenFault(err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return withHint(err, "kyoli proxy --listen 127.0.0.1:0")
	}
	return err
}

// providers begins work with all providers whose API is known, or with the one
// that was asked for.
func (s *proxyRun) providers(ctx context.Context) error {
	ids, err := s.ids(ctx)
	if err != nil {
		return err
	}
	s.f.made.watch = func(provider string, e manager.Event) {
		if e.Kind == manager.EventRefreshed {
			s.metrics.Refreshed(provider)
		}
	}
	for _, id := range ids {
		adapter, err := s.f.Adapter(id)
		if err != nil {
			return err
		}
		m, err := s.f.Manager(ctx, id)
		if err != nil {
			return err
		}
		req, err := s.o.Wish.request(ctx, s.f, m)
		if err != nil {
			return err
		}
		up, err := s.f.newUpstream(m, adapter, manager.SessionOptions{
			Holder: claims.Holder{ID: claims.NewSession(), Command: "kyoli"}, Request: req,
		})
		if err != nil {
			return err
		}
		up.metrics, up.transport.MaxWait = s.metrics, s.o.MaxWait
		s.upstreams = append(s.upstreams, up)
	}
	return nil
}

func (s *proxyRun) ids(ctx context.Context) ([]string, error) {
	one := s.f.opts.Provider != "" || s.o.Wish.Account != "" || s.o.Wish.Pool != "" || s.o.Wish.Chain != ""
	if one {
		id, err := s.o.Wish.provider(ctx, s.f)
		return []string{id}, err
	}
	r, err := s.f.Registry()
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, a := range r.All() {
		if a.BaseURL != "" {
			ids = append(ids, a.ID)
		}
	}
	return ids, nil
}

func (s *proxyRun) handler() (*proxy.Proxy, error) {
	routes := map[string]proxy.Upstream{}
	for _, up := range s.upstreams {
		routes[up.adapter.ID] = up.route()
	}
	o := proxy.Options{
		Upstreams: routes, Keys: s.keys.Keys, Explain: s.f.explain, Metrics: s.metrics, Guarded: s.o.AllowRemote,
		Log: s.logger(), Now: s.f.now,
	}
	if s.cert != nil && s.cert.Leaf != nil {
		o.Host = func(name string) bool { return s.cert.Leaf.VerifyHostname(name) == nil }
	}
	return proxy.New(o)
}

// logger writes a line for each request on stderr, unless --quiet.
func (s *proxyRun) logger() func(proxy.Record) {
	l := slog.New(slog.NewTextHandler(s.f.Err, nil))
	return func(r proxy.Record) {
		if s.f.opts.Quiet || s.f.made.quiet.Load() {
			return
		}
		attrs := []slog.Attr{
			slog.String("id", r.ID), slog.String("token", termtext.Clean(r.Key)), slog.String("provider", r.Provider),
			slog.String("method", r.Method), slog.String("path", termtext.Clean(r.Path)), slog.Int("status", r.Status),
			slog.Duration("took", r.Took), slog.Int64("bytes", r.Bytes),
		}
		if r.Err != nil {
			attrs = append(attrs, slog.String("error", termtext.Clean(r.Err.Error())))
		}
		l.LogAttrs(context.Background(), slog.LevelInfo, "request", attrs...)
	}
}

// announcement is what is printed when the proxy is ready.
type announcement struct {
	Listen    []string `json:"listen"`
	Providers []string `json:"providers"`
}

func (s *proxyRun) announce() error {
	a := announcement{Listen: s.urls}
	table := &termtext.Table{}
	for _, url := range s.urls {
		table.Row(termtext.Text(url))
	}
	for _, up := range s.upstreams {
		a.Providers = append(a.Providers, up.adapter.ID)
	}
	slices.Sort(a.Providers)
	s.f.Note("serving %s", strings.Join(a.Providers, ", "))
	if keys, err := s.keys.Keys(); err == nil && len(keys) == 0 {
		s.f.Note("nobody has a token yet; to make one: kyoli proxy token add NAME")
	}
	if s.f.structured() {
		return s.f.PrintJSONLine(a)
	}
	return s.f.Print(table, a)
}

// close gives accounts and listeners back.
func (s *proxyRun) close(ctx context.Context) {
	for _, l := range s.listeners {
		_ = l.Close()
	}
	for _, up := range s.upstreams {
		up.end(ctx)
	}
}
