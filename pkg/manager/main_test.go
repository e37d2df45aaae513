package manager

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"testing"

	"go.uber.org/goleak"

	"github.com/kyoli-gam/kyoli/internal/failpoint"
	"github.com/kyoli-gam/kyoli/pkg/claims"
	"github.com/kyoli-gam/kyoli/pkg/provider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// asChild is set for the processes that tests start: the account file, the token endpoint, the uuid,
// and where to die.
const asChild = "KYOLI_MANAGER_TEST"

// Where a child kills itself: one of these, or the n-th step to the disk.
const (
	diesSent    = "sent"    // the request has left and was answered, the answer is not read
	diesDropped = "dropped" // the request has left, the provider knows nothing of it
	diesStoring = "storing" // the answer is in the journal, not in the store
)

func TestMain(m *testing.M) {
	if os.Getenv(asChild) != "" {
		os.Exit(child())
	}
	goleak.VerifyTestMain(m)
}

// child waits for its standard input to end, makes the token valid and prints what came of it.
func child() int {
	path, url, uuid, dies := os.Getenv(asChild), os.Getenv(asChild+"_URL"), os.Getenv(asChild+"_UUID"), os.Getenv(asChild+"_DIES")
	fmt.Println("ready")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	m := onDisk(path, url, dies)
	if n, err := strconv.ParseInt(dies, 10, 64); err == nil {
		failpoint.Set(failpoint.KillAt(n))
	}
	if dies == "acquire" {
		return acquireOnce(m)
	}
	a, result, err := m.Valid(context.Background(), uuid, ValidOptions{})
	if err != nil {
		fmt.Println("error", err)
		return 1
	}
	fmt.Println(result, a.AccessToken.Hash())
	return 0
}

// acquireOnce claims an account, prints it and holds it until standard input ends.
func acquireOnce(m *Manager) int {
	d, _, err := m.Acquire(context.Background(), Request{}, claims.Holder{ID: claims.NewSession(), Command: "test"})
	if err != nil {
		fmt.Println("error", err)
		return 1
	}
	fmt.Println(d.Account.UUID)
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	return 0
}

// onDisk is a manager over files, as the commands make it.
func onDisk(path, url, dies string) *Manager {
	file := store.Open(path, store.Options{})
	o := Options{
		Adapter: &provider.Adapter{ID: "openai", ClientID: "c", TokenRequest: "form", TokenURL: url},
		Store:   file, Claims: claims.Open(path, claims.Options{}),
		Client: &provider.Client{},
	}
	switch dies {
	case diesSent:
		o.Client.HTTP = &http.Client{Transport: deadly{http.DefaultTransport}}
	case diesDropped:
		o.Client.HTTP = &http.Client{Transport: deadly{nil}}
	case diesStoring:
		o.Store = mortal{file}
	}
	return New(o)
}

// kill ends this process as kill -9 does.
func kill() {
	p, _ := os.FindProcess(os.Getpid())
	_ = p.Kill()
	select {}
}

// deadly is a transport that kills the process when the request has left, and been answered where
// there is a transport below it.
type deadly struct{ below http.RoundTripper }

func (d deadly) RoundTrip(r *http.Request) (*http.Response, error) {
	if d.below != nil {
		resp, err := d.below.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		_ = resp.Body.Close()
	}
	kill()
	return nil, errors.New("killed")
}

// mortal is a store whose leases kill the process instead of settling.
type mortal struct{ store.Backend }

func (m mortal) Lease(ctx context.Context, uuid string) (store.Lease, error) {
	l, err := m.Backend.Lease(ctx, uuid)
	return mortalLease{l}, err
}

type mortalLease struct{ store.Lease }

func (l mortalLease) Begin(ctx context.Context) (store.Rotation, error) {
	r, err := l.Lease.Begin(ctx)
	return mortalRotation{r}, err
}

type mortalRotation struct{ store.Rotation }

func (mortalRotation) Settle(context.Context, store.Credential, func(*store.Account)) (*store.Account, error) {
	kill()
	return nil, errors.New("killed")
}
