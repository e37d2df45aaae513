package provider

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// clockTimeout bounds the question for the time, in all.
const clockTimeout = 5 * time.Second

// errNoDate is an answer without the time.
var errNoDate = errors.New("the answer has no Date header")

// Skew returns by how much the clock of the adapter's token endpoint is ahead of ours, by the Date header of its answer
// (RFC 9110, section 6.6.1), which has whole seconds: below zero where ours is ahead. It asks with HEAD, and with GET
// where that brings no date; it sends no credential, follows no redirect, and does not care what the answer says.
func (c *Client) Skew(ctx context.Context, a *Adapter) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, clockTimeout)
	defer cancel()
	if a.TokenURL == "" {
		return 0, errors.New("the adapter has no token_url")
	}
	skew, err := c.skew(ctx, http.MethodHead, a.TokenURL)
	if errors.Is(err, errNoDate) {
		skew, err = c.skew(ctx, http.MethodGet, a.TokenURL)
	}
	if err != nil && ctx.Err() != nil {
		return 0, fmt.Errorf("no answer within %s", clockTimeout)
	}
	var failed *url.Error
	if errors.As(err, &failed) { // it would name the address once more
		err = failed.Err
	}
	return skew, err
}

func (c *Client) skew(ctx context.Context, method, address string) (time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return 0, err
	}
	req.URL.User = nil // no credential, not even one that stands in the address
	req.Header.Set("User-Agent", c.UserAgent())
	client, done := c.once(req.URL.Scheme)
	defer done()
	sent := c.now()
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	took := c.now().Sub(sent)
	_, _ = io.CopyN(io.Discard, resp.Body, maxHeaderBytes) // the connection is not used again
	_ = resp.Body.Close()
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return 0, errNoDate
	}
	// The date was made about half-way, and cut to whole seconds.
	return date.Add(time.Second / 2).Sub(sent.Add(took / 2)), nil
}
