package manager

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/internal/fakeprovider"
	"github.com/kyoli-gam/kyoli/pkg/provider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// memory is a backend without files. It notes what is done to its rotations, and fails where it is
// told to.
type memory struct {
	mu       sync.Mutex
	accounts []store.Account
	active   string
	updates  int                           // Updates that changed something
	spent    map[store.Secret]store.Secret // what came of spent tokens

	leases map[string]chan struct{} // by credential owner; full = taken
	log    []string                 // the steps of all rotations

	loadErr, updateErr, beginErr, answeredErr, settleErr error
	readyErrs                                            []error              // one an attempt
	onLease                                              func(*store.Account) // before the reread
	onAnswered                                           func()
	spare                                                func(*store.Account) // puts the spare in its place
}

func newMemory(accounts ...*store.Account) *memory {
	b := &memory{leases: map[string]chan struct{}{}}
	for _, a := range accounts {
		b.accounts = append(b.accounts, *a)
	}
	if len(accounts) > 0 {
		b.active = accounts[0].UUID
	}
	return b
}

func (b *memory) Successors(_ context.Context, refresh ...store.Secret) (map[string]string, error) {
	found := map[string]string{}
	for _, token := range refresh {
		if child, ok := b.spent[token]; ok {
			found[token.Hash()] = child.Hash()
		}
	}
	return found, nil
}

func (b *memory) Path() string { return "memory.json" }

// view is a copy. The caller holds mu.
func (b *memory) view() *store.Accounts {
	out := &store.Accounts{Active: b.active}
	for _, a := range b.accounts {
		out.List = append(out.List, &a)
	}
	return out
}

func (b *memory) List(ctx context.Context) (*store.Accounts, error) { return b.Load(ctx) }

func (b *memory) Peek(context.Context) (*store.Accounts, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.view(), b.loadErr
}

// fail makes reading fail from now on; nil = no more.
func (b *memory) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.loadErr = err
}

func (b *memory) Load(ctx context.Context) (*store.Accounts, error) { return b.Peek(ctx) }

func (b *memory) Update(_ context.Context, fn func(*store.Accounts) error) (*store.Accounts, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.updateErr != nil {
		return nil, b.updateErr
	}
	// As the real one may, it calls fn twice, the first time for nothing.
	if err := fn(b.view()); err != nil {
		return nil, err
	}
	view := b.view()
	if err := fn(view); err != nil {
		return nil, err
	}
	var after []store.Account
	for _, a := range view.List {
		after = append(after, *a)
	}
	if !slices.Equal(after, b.accounts) || view.Active != b.active {
		b.updates++
	}
	b.accounts, b.active = after, view.Active
	return view, nil
}

func (b *memory) BeginLogin(context.Context) (store.Login, error) { return nil, errors.New("not here") }

func (b *memory) KeptLogins(context.Context) ([]*store.KeptLogin, error) { return nil, nil }

func (b *memory) Forget(context.Context, ...store.Secret) error { return nil }

func (b *memory) get(uuid string) *store.Account {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.view().Get(uuid)
}

func (b *memory) set(uuid string, edit func(*store.Account)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.accounts {
		if b.accounts[i].UUID == uuid {
			edit(&b.accounts[i])
		}
	}
}

func (b *memory) note(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.log = append(b.log, fmt.Sprintf(format, args...))
}

func (b *memory) steps() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.log)
}

func (b *memory) Lease(ctx context.Context, uuid string) (store.Lease, error) {
	a := b.get(uuid)
	if a == nil {
		return nil, &store.UnknownAccountError{Name: uuid, File: b.Path()}
	}
	b.mu.Lock()
	taken := b.leases[a.OwnerID()]
	if taken == nil {
		taken = make(chan struct{}, 1)
		b.leases[a.OwnerID()] = taken
	}
	b.mu.Unlock()
	select {
	case taken <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if b.onLease != nil {
		b.onLease(a)
	}
	if a = b.get(uuid); a == nil { // removed, or renamed, while we waited
		<-taken
		return nil, &store.UnknownAccountError{Name: uuid, File: b.Path()}
	}
	return &memoryLease{b: b, taken: taken, account: a}, nil
}

type memoryLease struct {
	b       *memory
	taken   chan struct{}
	account *store.Account
}

func (l *memoryLease) Account() *store.Account { return l.account }

func (l *memoryLease) Begin(context.Context) (store.Rotation, error) {
	l.b.note("begin")
	return l, l.b.beginErr
}

func (l *memoryLease) Spare(context.Context) (bool, error) {
	l.b.note("spare")
	if l.b.spare == nil {
		return false, nil
	}
	l.b.set(l.account.UUID, l.b.spare)
	l.b.spare = nil
	return true, nil
}

func (l *memoryLease) Release() error {
	<-l.taken
	return nil
}

func (l *memoryLease) Ready() error {
	l.b.note("ready")
	l.b.mu.Lock()
	defer l.b.mu.Unlock()
	if len(l.b.readyErrs) == 0 {
		return nil
	}
	err := l.b.readyErrs[0]
	l.b.readyErrs = l.b.readyErrs[1:]
	return err
}

func (l *memoryLease) Answered(status int, _ []byte) error {
	l.b.note("answered %d", status)
	if l.b.onAnswered != nil {
		l.b.onAnswered()
	}
	return l.b.answeredErr
}

func (l *memoryLease) Settle(ctx context.Context, child store.Credential, apply func(*store.Account)) (*store.Account, error) {
	l.b.note("settle")
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if l.b.settleErr != nil {
		return nil, l.b.settleErr
	}
	l.b.set(l.account.UUID, func(a *store.Account) {
		a.SetCredential(child)
		apply(a)
	})
	l.b.mu.Lock()
	defer l.b.mu.Unlock()
	for _, a := range l.b.view().List {
		if a.RefreshToken == child.RefreshToken {
			return a, nil
		}
	}
	return nil, &store.UnknownAccountError{Name: l.account.UUID}
}

func (l *memoryLease) Refused(context.Context, string) error { l.b.note("refused"); return nil }
func (l *memoryLease) NotSent() error                        { l.b.note("not sent"); return nil }

// world is a manager with a provider to talk to.
type world struct {
	*Manager
	t        *testing.T
	provider *fakeprovider.Provider
	server   *httptest.Server
	adapter  *provider.Adapter
	store    *memory

	mu     sync.Mutex
	events []Event
}

// newWorld makes a manager over a memory backend and a provider on loopback. The accounts named
// have logged in there; edits change what is stored.
func newWorld(t *testing.T, names []string, edits ...func(*store.Account)) *world {
	t.Helper()
	w := &world{t: t, provider: fakeprovider.New(fakeprovider.Options{})}
	w.server = httptest.NewServer(w.provider)
	t.Cleanup(w.server.Close)
	w.adapter = &provider.Adapter{
		ID: "openai", ClientID: "test", TokenRequest: "form", TokenURL: w.server.URL + "/oauth/token",
	}
	var accounts []*store.Account
	for _, n := range names {
		accounts = append(accounts, w.login(n, edits...))
	}
	w.store = newMemory(accounts...)
	w.Manager = w.manager(Options{})
	return w
}

// login logs an account in at the provider, and returns it with a token that has expired.
func (w *world) login(name string, edits ...func(*store.Account)) *store.Account {
	c := w.provider.AddAccount(fakeprovider.Account{ID: "id-" + name, Email: name + "@example.com", Plan: "pro"})
	a := &store.Account{
		UUID: "uuid-" + name, Label: name, AccountID: "id-" + name,
		RefreshToken: store.Secret(c.RefreshToken), AccessToken: store.Secret(c.AccessToken),
		ExpiresAt: store.MillisOf(time.Now().Add(-time.Minute)), Enabled: true,
		AddedAt: store.MillisOf(time.Now()),
	}
	for _, edit := range edits {
		edit(a)
	}
	return a
}

func (w *world) manager(o Options) *Manager {
	o.Adapter, o.Store = w.adapter, w.store
	if o.Client == nil {
		o.Client = &provider.Client{Version: "test"}
	}
	if o.OnEvent == nil {
		o.OnEvent = w.event
	}
	return New(o)
}

func (w *world) event(e Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, e)
}

// kinds are the kinds of the events so far.
func (w *world) kinds() []EventKind {
	w.mu.Lock()
	defer w.mu.Unlock()
	var kinds []EventKind
	for _, e := range w.events {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

// tokenRequests is how many token requests the provider has seen.
func (w *world) tokenRequests() int {
	n := 0
	for _, r := range w.provider.Requests() {
		if r.Endpoint == "token" {
			n++
		}
	}
	return n
}

// direct is a transport that calls a handler without a network, for tests in a synctest bubble.
type direct struct{ handler http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	body := []byte{}
	if r.Body != nil { // sent before anybody answers, as on a network
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	rec := httptest.NewRecorder()
	d.handler.ServeHTTP(rec, r)
	if err := r.Context().Err(); err != nil { // who has gone gets no answer
		return nil, err
	}
	return rec.Result(), nil
}

// crowd counts how many are somewhere at a time. The zero value is empty.
type crowd struct {
	mu             sync.Mutex
	now, most, all int
}

// stay is there for a second.
func (c *crowd) stay() {
	c.mu.Lock()
	c.all++
	c.now++
	c.most = max(c.most, c.now)
	c.mu.Unlock()
	time.Sleep(time.Second)
	c.mu.Lock()
	c.now--
	c.mu.Unlock()
}
