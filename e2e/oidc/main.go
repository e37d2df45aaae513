// Command oidc serves an OpenID provider on this machine, to try kyoli with: see
// docs/providers.md. Its tests walk through that page with a real browser.
package main

import (
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/kyoli-gam/kyoli/e2e/oidc/issuer"
)

func main() {
	port := flag.String("port", "9998", "port on 127.0.0.1")
	flag.Parse()
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err := serve(os.Stdout, *port); err != nil {
		fmt.Fprintln(os.Stderr, "oidc:", err)
		os.Exit(1)
	}
}

func serve(out io.Writer, port string) error {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		return err
	}
	self := &url.URL{Scheme: "http", Host: l.Addr().String()}
	fmt.Fprintf(out, "issuer     %s\nclient id  %s\nuser       %s\npassword   %s\n", self, issuer.ClientID, issuer.User, issuer.Password)
	server := &http.Server{Handler: issuer.New(self), ReadHeaderTimeout: 10 * time.Second}
	return server.Serve(l)
}
