package cmd

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/executor"
	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/proxy"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

const (
	// rotationGrace is how long answers may go on that the command's own children
	// are still reading when it ends.
	rotationGrace = 2 * time.Second
	// laneEnds is when a run's secret is said to expire: it ends with the run.
	laneEnds       = "2100-01-01T00:00:00Z"
	laneEndsMillis = store.Millis(4102444800000)
)

// rotation is the proxy between a command and the provider, for one run.
type rotation struct {
	up     *upstream
	secret proxy.Secret
	origin string // http://127.0.0.1:PORT
	cancel context.CancelFunc
	served sync.WaitGroup
}

// rotate puts a proxy in front of the provider and gives it the account that was
// taken. What it notes goes to stderr where that is no terminal.
func (f *Factory) rotate(ctx context.Context, m *manager.Manager, o *execOptions, t *taken) (*rotation, error) {
	adapter, err := f.Adapter(m.Provider())
	if err != nil {
		return nil, err
	}
	up, err := f.newUpstream(m, adapter, manager.SessionOptions{Holder: t.holder, Request: t.request})
	if err != nil {
		return nil, err
	}
	r := &rotation{up: up, secret: proxy.NewSecret()}
	up.transport.MaxWait = o.MaxWait
	up.note = r.note
	if err := r.listen(ctx); err != nil {
		up.end(ctx)
		return nil, err
	}
	up.session.Adopt(t.account, t.claim)
	t.claim = nil // the session's now
	return r, nil
}

func (r *rotation) listen(ctx context.Context) error {
	key := proxy.Key{Name: "run", Hash: r.secret.Hash()}
	handler, err := proxy.New(proxy.Options{
		Upstreams: map[string]proxy.Upstream{r.up.adapter.ID: r.up.route()},
		Keys:      func() ([]proxy.Key, error) { return []proxy.Key{key}, nil },
		Explain:   r.up.f.explain, Now: r.up.f.now, Log: r.log,
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	r.origin = "http://" + listener.Addr().String()
	ctx, r.cancel = context.WithCancel(context.WithoutCancel(ctx))
	r.served.Go(func() {
		if err := proxy.Serve(ctx, handler, proxy.Stop{Grace: rotationGrace}, listener); err != nil {
			r.up.f.Note("warning: the command cannot reach the provider any more: %v", err)
		}
	})
	return nil
}

func (r *rotation) log(rec proxy.Record) {
	if !r.up.f.debugs() {
		return
	}
	r.up.f.Debugf("request %s: %s %s %s: status %d in %s, %v", rec.ID, rec.Provider, rec.Method, rec.Path, rec.Status, rec.Took.Round(time.Millisecond), rec.Err)
}

// note says on stderr that an account could not go on.
func (r *rotation) note(try executor.Try) {
	if try.Next == executor.NextOther && !r.up.f.errTTY() { // a terminal is the command's
		r.up.f.Note("account %s: %s; trying another one", try.Account.Name(), whyOf(try))
	}
}

func whyOf(try executor.Try) string {
	if text := http.StatusText(try.Status); text != "" && try.Status >= http.StatusBadRequest {
		return try.Why + " (" + text + ")"
	}
	return try.Why
}

// lane is what the command gets instead of the account's own credential.
func (r *rotation) lane() *lane {
	return &lane{
		token: r.secret.Reveal(), expires: laneEnds,
		baseURL: r.origin + "/" + r.up.adapter.ID,
		// For a program that shows a credential of its own.
		secretURL: r.origin + "/" + r.secret.Reveal() + "/" + r.up.adapter.ID,
	}
}

// end stops the proxy and gives the accounts back.
func (r *rotation) end(ctx context.Context) {
	r.cancel()
	r.served.Wait()
	r.up.end(ctx)
}

// lane is where a command that rotates calls the API, and what it shows there.
type lane struct {
	token, expires, baseURL, secretURL string
}
