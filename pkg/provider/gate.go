package provider

import (
	"context"
	"io"
	"strings"
	"sync/atomic"
)

// gate is what a token passes on its way out, or does not: one who gives up and
// the transport that begins to write agree on whether it was sent.
type gate struct {
	ready func() error // asked directly before; nil = nobody is
	ended func() error // why nobody wants it any more; nil = somebody does
	state atomic.Int32
}

const (
	gateOpen = iota
	gatePassed
	gateClosed
)

// close keeps the token here; false = it has passed already.
func (g *gate) close() bool { return g.state.CompareAndSwap(gateOpen, gateClosed) }

// passed reports that the token may have left.
func (g *gate) passed() bool { return g.state.Load() == gatePassed }

func (g *gate) pass() error {
	if g.ready != nil {
		if err := g.ready(); err != nil {
			return err
		}
	}
	if g.ended != nil && g.ended() != nil {
		g.close() // whoever gives up may not have come to it yet
	}
	if !g.state.CompareAndSwap(gateOpen, gatePassed) {
		return context.Canceled
	}
	return nil
}

// gatedBody is a request's body behind a gate. The token is in the body alone, so
// it has not left before the transport reads here, whatever the transport; and
// where reading fails, net/http gives the request up with nothing of the body
// sent.
type gatedBody struct {
	gate *gate
	body *strings.Reader // not embedded: its WriteTo would go around the gate
	open bool
}

// Read implements io.Reader.
func (b *gatedBody) Read(p []byte) (int, error) {
	if !b.open {
		if err := b.gate.pass(); err != nil {
			return 0, err
		}
		b.open = true
	}
	return b.body.Read(p)
}

// Close implements io.Closer.
func (b *gatedBody) Close() error { return nil }

var _ io.ReadCloser = (*gatedBody)(nil)
