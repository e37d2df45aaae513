package cmd

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

const defaultListen = "127.0.0.1:4780"

type proxyOptions struct {
	Listen      string
	ListenGiven bool
	Unix        string
	AllowRemote bool
	TLSCert     string
	TLSKey      string
	Grace       time.Duration
	MaxWait     time.Duration
	Wish        wish
}

func newProxyCmd(f *Factory, runF func(context.Context, *proxyOptions) error) *cobra.Command {
	o := &proxyOptions{}
	cmd := &cobra.Command{
		Use:   "proxy",
		Short: "Let programs call the providers through kyoli",
		Long: `Runs what 'kyoli exec --rotate' runs for one command as a service for many: an
HTTP server that puts the token of an account into each request, and goes on to
another account where one meets a limit. It stops at INT or TERM, and lets answers
that are under way end (--grace); a second signal ends it at once.

A program calls /PROVIDER/… in the place of the provider's API, and shows a token
of the proxy's own, made by 'kyoli proxy token add', as a bearer token or in
x-api-key; or as the first part of the path, /TOKEN/PROVIDER/….

GET /healthz says that the proxy is there, /metrics has counters for Prometheus.

It listens on loopback. Beyond it everybody on the network can try tokens, so that
needs --allow-remote and a certificate. With --unix it listens on a socket that
only you can connect to, and on nothing else unless --listen is given too.`,
		Example: `  kyoli proxy token add laptop
  kyoli proxy
  curl -H "Authorization: Bearer $TOKEN" http://` + defaultListen + `/openai/responses -d @request.json
  kyoli proxy --unix ~/.kyoli.sock`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.ListenGiven = cmd.Flags().Changed("listen")
			if err := o.validate(); err != nil {
				return err
			}
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runProxy(cmd.Context(), f, o)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&o.Listen, "listen", defaultListen, "listen on this `address`; port 0 takes a free one")
	fs.StringVar(&o.Unix, "unix", "", "listen on a socket at this `path`")
	fs.BoolVar(&o.AllowRemote, "allow-remote", false, "let --listen go beyond this machine (needs --tls-cert and --tls-key)")
	fs.StringVar(&o.TLSCert, "tls-cert", "", "`file` with the certificate to serve https with, PEM")
	fs.StringVar(&o.TLSKey, "tls-key", "", "`file` with its key, PEM")
	fs.DurationVar(&o.Grace, "grace", 30*time.Second, "how long answers that are under way may go on at the end")
	fs.DurationVar(&o.MaxWait, "max-wait", 0, "where all accounts are limited, let requests wait so long for the first")
	o.Wish.addFlags(f, cmd)
	_ = cmd.MarkFlagFilename("tls-cert")
	_ = cmd.MarkFlagFilename("tls-key")
	_ = fs.MarkHidden("session") // each request has its own
	cmd.AddCommand(newProxyTokenCmd(f))
	return cmd
}

func (o *proxyOptions) validate() error {
	if o.Unix != "" && !o.ListenGiven {
		o.Listen = ""
	}
	switch {
	case o.Grace < 0:
		return flagErrorf("--grace %s: must not be negative", o.Grace)
	case o.MaxWait < 0:
		return flagErrorf("--max-wait %s: must not be negative", o.MaxWait)
	case (o.TLSCert == "") != (o.TLSKey == ""):
		return flagErrorf("--tls-cert and --tls-key go together")
	case o.ListenGiven && o.Listen == "":
		return flagErrorf("--listen: want an address, such as %s", defaultListen)
	}
	if err := o.validateListen(); err != nil {
		return err
	}
	return o.Wish.validate()
}

// validateListen keeps the proxy on this machine.
func (o *proxyOptions) validateListen() error {
	if o.Listen == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return flagErrorf("--listen %q: want HOST:PORT, such as %s", o.Listen, defaultListen)
	}
	if ip, err := netip.ParseAddr(host); strings.EqualFold(host, "localhost") || err == nil && ip.Unmap().IsLoopback() {
		return nil
	}
	switch {
	case !o.AllowRemote:
		return flagErrorf("--listen %s is open to the network; that needs --allow-remote, --tls-cert and --tls-key", o.Listen)
	case o.TLSCert == "":
		return flagErrorf("--allow-remote needs --tls-cert and --tls-key: tokens must not be sent in the clear")
	}
	return nil
}
