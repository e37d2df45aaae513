package proxy

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/kyoli-gam/kyoli/internal/hop"
)

// chunk is how much of an answer is in hand at a time, in bytes.
const chunk = 8 << 10

var chunks = sync.Pool{New: func() any { return new([chunk]byte) }}

// forward sends the request upstream and its answer down.
func (x *exchange) forward(up Upstream, base *url.URL) {
	out, err := x.outgoing(base)
	if err != nil {
		x.refuse(problem(http.StatusBadRequest, "bad_path", "the path cannot be forwarded"))
		return
	}
	defer x.body.leave()
	res, err := up.Transport.RoundTrip(out)
	if err != nil {
		x.failed(err)
		return
	}
	defer func() { _ = res.Body.Close() }()
	x.p.o.Metrics.open(1)
	defer x.p.o.Metrics.open(-1)
	x.head(res)
	broke := x.send(res)
	x.done()
	if broke {
		panic(http.ErrAbortHandler) // the client has to see that this is not the end
	}
}

// outgoing is the request without what ends here.
func (x *exchange) outgoing(base *url.URL) (*http.Request, error) {
	path, err := url.PathUnescape(x.Path)
	if err != nil {
		return nil, err
	}
	u := *base
	prefix, plain := strings.TrimSuffix(base.EscapedPath(), "/"), strings.TrimSuffix(base.Path, "/")
	u.RawPath = prefix + x.Path
	if u.Path = u.RawPath; prefix != plain || x.Path != path {
		u.Path = plain + path
	}
	u.RawQuery = withoutKeys(x.r.URL.RawQuery)
	out := (&http.Request{
		Method: x.r.Method, URL: &u, Header: x.r.Header, ContentLength: x.r.ContentLength,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(x.r.Context())
	switch {
	case x.r.ContentLength > 0: // not more than it may be, see route
		out.Body = x.patiently()
	case x.r.ContentLength < 0:
		out.Body = http.MaxBytesReader(nil, x.patiently(), x.p.o.MaxBody)
	}
	hop.DropConnection(out.Header)
	hop.DropCredentials(out.Header)
	for _, name := range []string{"Origin", "Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-Dest"} {
		delete(out.Header, name)
	}
	return out, nil
}

// withoutKeys drops the parameters in which some clients send a credential, and those in which one of ours is.
func withoutKeys(query string) string {
	if query == "" {
		return query
	}
	var rest []string
	for part := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(part, "=")
		switch strings.ToLower(name) {
		case "key", "api_key", "apikey", "access_token", "token":
		default:
			if isSecret(value) {
				continue
			}
			rest = append(rest, part)
		}
	}
	return strings.Join(rest, "&")
}

// failed answers where no answer came. A client that has gone gets none.
func (x *exchange) failed(err error) {
	x.Err = err
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		x.refuse(tooLarge)
	case errors.Is(err, errSlowBody):
		x.refuse(problem(http.StatusRequestTimeout, "body_too_slow", "the body did not come in time"))
	case x.r.Context().Err() != nil:
		x.Status = statusClientGone
		x.Err = context.Canceled
		x.done()
		panic(http.ErrAbortHandler)
	default:
		x.refuse(x.p.o.Explain(err))
	}
}

// statusClientGone stands in logs for the answer that nobody waited for, as nginx has it.
const statusClientGone = 499

// notPassed are headers of an answer that are between the provider and whoever holds the account.
var notPassed = []string{"Set-Cookie", "Set-Cookie2", "Alt-Svc", "Strict-Transport-Security", "Www-Authenticate"}

// head sends the answer's head.
func (x *exchange) head(res *http.Response) {
	hop.DropConnection(res.Header)
	h := x.w.Header()
	for name, values := range res.Header {
		h[name] = values
	}
	for _, name := range notPassed {
		delete(h, name)
	}
	h[IDHeader] = x.ids
	x.Status = res.StatusCode
	x.First = x.p.o.Now().Sub(x.began)
	x.w.WriteHeader(res.StatusCode)
}

// send sends the answer's body as it comes, and tells whether it broke off.
func (x *exchange) send(res *http.Response) (broke bool) {
	buf := chunks.Get().(*[chunk]byte)
	defer chunks.Put(buf)
	flush := func() error { return nil }
	if res.ContentLength < 0 {
		flush = x.control.Flush
	}
	for {
		n, err := res.Body.Read(buf[:])
		if n > 0 {
			x.take()
			written, werr := x.w.Write(buf[:n])
			x.Bytes += int64(written)
			if werr == nil {
				werr = flush()
			}
			if werr != nil { // the client has gone
				x.Err = context.Canceled
				return false
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return false
		case err != nil:
			x.Err = err
			return x.r.Context().Err() == nil
		}
	}
}
