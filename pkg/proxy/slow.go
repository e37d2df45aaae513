package proxy

import (
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"time"
)

// How long a client may take. What it shows no secret for, or is refused for another reason, is read to its end only for
// refusedPatience, so that it can read the answer.
const (
	bodyPause       = time.Minute      // between two parts of a request's body
	bodyPatience    = 10 * time.Minute // for all of it
	refusedPatience = 5 * time.Second
	takePatience    = 10 * time.Minute // for a part of the answer to be taken
	takeRenewed     = time.Minute      // how often that begins anew, at most
)

// errSlowBody is a request's body that did not come in time.
var errSlowBody = errors.New("the request's body did not come in time")

// patient is a request's body that is waited for so long and no longer.
type patient struct {
	io.ReadCloser
	control *http.ResponseController
	end     time.Time

	mu   sync.Mutex
	left bool // the connection is the server's again
}

// patiently makes the request's body patient.
func (x *exchange) patiently() io.ReadCloser {
	x.body = &patient{ReadCloser: x.r.Body, control: x.control, end: time.Now().Add(bodyPatience)}
	return x.body
}

// hurry gives a body that nobody wants refusedPatience. No request that is forwarded gets so short a
// deadline: it would be the process's next timer, see headPatience.
func (x *exchange) hurry() {
	if x.r.ContentLength != 0 {
		_ = x.control.SetReadDeadline(time.Now().Add(refusedPatience))
	}
}

// Read implements io.Reader.
func (b *patient) Read(p []byte) (int, error) {
	next := time.Now().Add(bodyPause)
	if next.After(b.end) {
		next = b.end
	}
	b.wait(next)
	n, err := b.ReadCloser.Read(p)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return n, errSlowBody
	case err != nil: // from here on the connection is read to see whether the client goes
		b.wait(time.Time{})
	}
	return n, err
}

func (b *patient) wait(until time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.left {
		_ = b.control.SetReadDeadline(until) // a connection without deadlines is a test's
	}
}

// leave is called when the answer is given. A transport may still read.
func (b *patient) leave() {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left = true
}

// take gives the client time to take the next part of the answer.
func (x *exchange) take() {
	if now := time.Now(); now.Sub(x.taking) >= takeRenewed {
		x.taking = now
		_ = x.control.SetWriteDeadline(now.Add(takePatience))
	}
}
