package seal

import (
	"crypto/cipher"
	"crypto/rand"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/chacha20poly1305"
)

// Place is what a text is sealed for: what it is, and whose. It opens in no other place.
type Place struct {
	Kind  string   // such as "refresh"
	Owner []string // whose it may be; it is sealed for the first. Empty: it may be anybody's
}

// Box seals and opens texts. It asks for a key when it first needs it. It is safe for concurrent use.
type Box struct {
	mu    sync.Mutex
	rings map[Scheme]*ring
}

// NewBox returns a box with the sources of its keys.
func NewBox(sources map[Scheme]Source) *Box {
	b := &Box{rings: make(map[Scheme]*ring)}
	for scheme, source := range sources {
		b.rings[scheme] = &ring{source: source, now: time.Now}
	}
	return b
}

// Ready says whether texts can be sealed now. It looks at where the key is each time, so that nothing is sealed with one
// that only this process still has. The error is a *KeyError.
func (b *Box) Ready(s Scheme) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ring(s).load()
}

// Loaded says whether the key of a scheme was read, so that Seal will not ask for it.
func (b *Box) Loaded(s Scheme) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ring(s).ids != nil
}

// Seal returns the text sealed. The name can be read by everybody. The error is a *KeyError.
func (b *Box) Seal(s Scheme, name, plain string, at Place) (string, error) {
	b.mu.Lock()
	w, err := b.ring(s).sealer()
	b.mu.Unlock()
	if err != nil {
		return "", err
	}
	owner := ""
	if len(at.Owner) > 0 {
		owner = at.Owner[0]
	}
	head := head(s, name, w.wrapped)
	nonce := make([]byte, chacha20poly1305.NonceSizeX, chacha20poly1305.NonceSizeX+len(plain)+256)
	_, _ = rand.Read(nonce) // never fails
	payload := at.Kind + "\x00" + owner + "\x00" + plain
	return head + encoding.EncodeToString(w.data.Seal(nonce, nonce, []byte(payload), []byte(head))), nil
}

// Open returns the plain text. The error is a *KeyError where the key is not to be had, and a *OpenError where it is and
// the text does not open.
func (b *Box) Open(sealed string, at Place) (string, error) {
	t, ok := parse(sealed)
	if !ok {
		return "", &OpenError{Reason: "it is damaged, or of a newer kyoli"}
	}
	b.mu.Lock()
	k, err := b.ring(t.scheme).opener(t.wrapped)
	b.mu.Unlock()
	if err != nil {
		return "", err
	}
	damaged := &OpenError{t.scheme, "it is damaged"}
	body, err := encoding.DecodeString(t.body)
	if err != nil || len(body) < chacha20poly1305.NonceSizeX {
		return "", damaged
	}
	nonce, body := body[:chacha20poly1305.NonceSizeX], body[chacha20poly1305.NonceSizeX:]
	payload, err := k.data.Open(nil, nonce, body, []byte(t.head))
	if err != nil {
		return "", damaged
	}
	kind, rest, one := strings.Cut(string(payload), "\x00")
	owner, plain, two := strings.Cut(rest, "\x00")
	switch {
	case !one || !two:
		return "", damaged
	case kind != at.Kind:
		return "", &OpenError{t.scheme, "it was sealed as something else"}
	case !at.is(owner):
		return "", &OpenError{t.scheme, "it was sealed for another account"}
	}
	return plain, nil
}

// is says whether what was sealed for owner belongs here.
func (p Place) is(owner string) bool {
	for _, o := range p.Owner {
		if o == owner {
			return true
		}
	}
	return len(p.Owner) == 0
}

// Current says whether a text is in the form in which Seal would write it now: sealed by this scheme, for the identity
// that comes first. It is asked of texts that were opened.
func (b *Box) Current(s Scheme, sealed string) bool {
	t, ok := parse(sealed)
	if !ok || t.scheme != s {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.ring(s).known[t.wrapped]
	return k != nil && k.first
}

func (b *Box) ring(s Scheme) *ring {
	if r := b.rings[s]; r != nil {
		return r
	}
	return &ring{source: unknown(s), now: time.Now}
}

// dataKey is a data key that was opened or made.
type dataKey struct {
	wrapped string
	data    cipher.AEAD
	first   bool // for the identity that comes first
}

func newDataKey(wrapped string, key []byte, first bool) (*dataKey, error) {
	data, err := chacha20poly1305.NewX(key)
	if err != nil {
		return nil, err
	}
	return &dataKey{wrapped, data, first}, nil
}
