package executor

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/kyoli-gam/kyoli/internal/sse"
)

const (
	// gateMost is how much of a stream is held back, in bytes.
	gateMost = 64 << 10
	// gatePatience is how long a stream is held back that says that it is alive: a client that hears
	// nothing gives up in the end.
	gatePatience = 30 * time.Second
	gateRead     = 4 << 10
)

// errEmptyStream is a stream that ended before it said anything of its answer.
var errEmptyStream = errors.New("the stream ended before its first output")

// isStream tells whether an answer is a stream of server-sent events that can be looked into.
func isStream(res *http.Response) bool {
	if coding := res.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return false
	}
	media, _, _ := strings.Cut(res.Header.Get("Content-Type"), ";")
	return strings.EqualFold(strings.TrimSpace(media), "text/event-stream")
}

// gate holds a stream back until its first output. Where it fails before that, the gate says how. In
// any case the whole stream, with what was held back, can be read from the answer's body afterwards.
func gate(res *http.Response, now func() time.Time) (fault, error) {
	g := &gated{now: now, began: now()}
	body := res.Body
	f, err := g.run(body)
	res.Body = &held{head: g.buf, rest: body, err: g.end}
	return f, err
}

// gated is a stream at the gate.
type gated struct {
	buf    []byte
	parsed int
	end    error // what reading ended with, nil while it goes on
	now    func() time.Time
	began  time.Time
}

func (g *gated) run(body io.Reader) (fault, error) {
	for {
		for {
			e, n := sse.Next(g.buf[g.parsed:])
			if n == 0 {
				break
			}
			g.parsed += n
			switch what, f := weigh(e, g.now()); {
			case what == failing && f.kind() != fine:
				return f, nil
			case what == failing, what == output, what == alive && g.now().Sub(g.began) > gatePatience:
				return fault{}, nil
			}
		}
		switch {
		case len(g.buf) >= gateMost:
			return fault{}, nil
		case errors.Is(g.end, io.EOF):
			return fault{}, errEmptyStream
		case g.end != nil:
			return fault{}, g.end
		}
		g.read(body)
	}
}

// read takes in what there is, and waits only for the first byte of it.
func (g *gated) read(body io.Reader) {
	if cap(g.buf)-len(g.buf) < gateRead/2 {
		grown := make([]byte, len(g.buf), min(2*cap(g.buf)+gateRead, gateMost+gateRead))
		copy(grown, g.buf)
		g.buf = grown
	}
	n, err := body.Read(g.buf[len(g.buf):cap(g.buf)])
	g.buf, g.end = g.buf[:len(g.buf)+n], err
}

// held is a body whose first part was read ahead.
type held struct {
	head []byte
	rest io.ReadCloser
	err  error // what reading ahead ended with
}

func (h *held) Read(p []byte) (int, error) {
	if len(h.head) > 0 {
		n := copy(p, h.head)
		if h.head = h.head[n:]; len(h.head) == 0 {
			h.head = nil
		}
		return n, nil
	}
	if h.err != nil {
		return 0, h.err
	}
	return h.rest.Read(p)
}

// Close closes the whole.
func (h *held) Close() error { return h.rest.Close() }
