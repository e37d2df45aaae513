package provider

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/kyoli-gam/kyoli/internal/tokenanswer"
)

const (
	// MaxAnswer bounds the body of a token answer in bytes; the rotation journal
	// sets room for it aside.
	MaxAnswer = 1 << 20

	defaultTimeout = 30 * time.Second
	maxHeaderBytes = 64 << 10
)

// Client exchanges tokens. Its zero value works, without client secrets.
type Client struct {
	// HTTP is where connections, proxies and trusted certificates come from;
	// nil connects directly and trusts what the system trusts. Its redirect
	// policy, cookies and time-out are not used.
	HTTP    *http.Client
	Version string                      // of kyoli, for User-Agent
	Now     func() time.Time            // nil is time.Now
	Secret  func(envName string) string // a client secret by its variable
	Timeout time.Duration               // for a whole request; 0 is 30 s
}

// RawAnswer is an answer as it came, so that it can be kept before anybody
// tries to make sense of it.
type RawAnswer struct {
	Status int
	Date   time.Time // local clock when the request was sent; expires_in counts from it
	Body   []byte    // holds tokens

	spent string // the refresh token that was sent, to keep it out of messages
}

// String keeps the tokens of the body out of logs.
func (r *RawAnswer) String() string {
	return fmt.Sprintf("answer %d, %d bytes", r.Status, len(r.Body))
}

// GoString is String, for %#v.
func (r *RawAnswer) GoString() string { return r.String() }

// Exchange sends one refresh token to the adapter's token endpoint and returns
// the answer, whatever it says (Parse tells). It sends at most once: no
// redirect, no retry. ready is asked directly before the token goes out (nil:
// nobody is), and its error keeps the token here. Until then ctx can end the
// attempt; from then on the request is seen through to its deadline, since its
// answer is the only one. The error is a *SendError, whose Sent is true as soon
// as the token may have left: then it may be spent.
func (c *Client) Exchange(ctx context.Context, a *Adapter, refresh string, ready func() error) (*RawAnswer, error) {
	gate := &gate{ready: ready, ended: ctx.Err}
	reqCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.timeout())
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		if gate.close() {
			cancel()
		}
	})
	defer stop()
	req, err := c.tokenRequest(reqCtx, a, refresh, gate)
	if err != nil {
		return nil, &SendError{Err: err}
	}
	client, done := c.once(req.URL.Scheme)
	defer done()
	raw := &RawAnswer{Date: c.now(), spent: refresh}
	resp, err := client.Do(req)
	if err != nil {
		return nil, &SendError{Sent: gate.passed(), Err: explain(reqCtx, c.timeout(), refresh, err)}
	}
	defer func() { _ = resp.Body.Close() }() // read to the end or given up; nothing to learn
	raw.Status = resp.StatusCode
	raw.Body, err = readAnswer(resp)
	if err != nil {
		return nil, &SendError{Sent: true, Err: explain(reqCtx, c.timeout(), refresh, err)}
	}
	return raw, nil
}

// readAnswer reads the body. Where the status says that there is no token in
// it, a body that is too long or breaks off is as good as none; a 2xx has to be
// whole, or to break off behind the new refresh token, which is all that counts.
func readAnswer(resp *http.Response) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(resp.Body, MaxAnswer+1))
	success := resp.StatusCode >= 200 && resp.StatusCode < 300
	switch {
	case len(body) > MaxAnswer && !success:
		return nil, nil
	case len(body) > MaxAnswer:
		return nil, fmt.Errorf("answer %d is longer than 1 MiB", resp.StatusCode)
	case err != nil && !success:
		return body, nil
	case err != nil:
		if repaired, ok := tokenanswer.Repair(body); ok {
			return repaired, nil
		}
		return nil, fmt.Errorf("answer %d broke off: %w", resp.StatusCode, err)
	}
	return body, nil
}

// explain says how long was waited, rather than "context deadline exceeded",
// and keeps out the token, which a server's garbled answer may repeat.
func explain(ctx context.Context, limit time.Duration, refresh string, err error) error {
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &sendFault{fmt.Sprintf("no whole answer within %s", limit), err}
	case refresh != "" && strings.Contains(err.Error(), refresh):
		return &sendFault{strings.ReplaceAll(err.Error(), refresh, redacted), err}
	}
	return err
}

// sendFault is an error in our words; what it wraps is for errors.Is and As.
type sendFault struct {
	text string
	err  error
}

func (e *sendFault) Error() string { return e.text }
func (e *sendFault) Unwrap() error { return e.err }

// UserAgent is how kyoli names itself where it speaks for itself.
func (c *Client) UserAgent() string {
	version := strings.TrimSpace(c.Version)
	if !name(version, 64, scopeCharacter) {
		version = "unknown"
	}
	return "kyoli/" + version
}

func (c *Client) timeout() time.Duration {
	if c.Timeout > 0 {
		return c.Timeout
	}
	return defaultTimeout
}

func (c *Client) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now()
}
