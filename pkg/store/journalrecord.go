package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/kyoli-gam/kyoli/internal/tokenanswer"
)

// A journal file is a sequence of records, each "kyoli-journal 1 <kind> <bytes> <checksum>", a line break, so many
// bytes of payload, a line break. It may be followed by zeros, which is room set aside. Records are only added, so
// that a write that was cut short spoils none of those before it.

// recordKind says what a record tells.
type recordKind string

const (
	// recordIntent is an intentRecord: a request is about to be made.
	recordIntent recordKind = "intent"
	// recordAnswer is "<status> <milliseconds>", a line break and the raw body: an answer came to a request that was
	// sent at that time.
	recordAnswer recordKind = "answer"
	// recordChild is a childRecord, and stands for an answer that could not be written as it came.
	recordChild recordKind = "child"
	// recordSettled is a childRecord: the account file had the child.
	recordSettled recordKind = "settled"
)

const (
	magic        = "kyoli-journal "
	magicVersion = magic + "1 "
	// checksumBytes is how much of the payload's SHA-256 a record has.
	checksumBytes = 8
	// maxHeader bounds a record's first line.
	maxHeader = 128
)

// intentRecord is for people, and for what the file's name does not say.
type intentRecord struct {
	UUID string `json:"uuid"`
	PID  int    `json:"pid"`
	At   string `json:"at"` // RFC 3339
}

// childRecord is what came of a token. Without RefreshToken the child was spent or removed by now, and only the way to
// what came of it is kept.
type childRecord struct {
	Child        string `json:"child"` // Secret.Hash of the child's refresh token
	RefreshToken string `json:"refreshToken,omitempty"`
	AccessToken  string `json:"accessToken,omitempty"`
	ExpiresAt    Millis `json:"expiresAt,omitempty"`
}

func childOf(c Credential) childRecord {
	return childRecord{c.RefreshToken.Hash(), c.RefreshToken.Reveal(), c.AccessToken.Reveal(), c.ExpiresAt}
}

func (c *childRecord) credential() Credential {
	return Credential{RefreshToken: Secret(c.RefreshToken), AccessToken: Secret(c.AccessToken), ExpiresAt: c.ExpiresAt}
}

// answerRecord is an answer as it came.
type answerRecord struct {
	status int
	sent   Millis
	body   []byte
}

func (a *answerRecord) payload() []byte {
	return append(fmt.Appendf(nil, "%d %d\n", a.status, a.sent), a.body...)
}

// success says whether the status is one with which tokens come.
func (a *answerRecord) success() bool { return a.status >= 200 && a.status <= 299 }

// child returns the credential that the answer brought in the place of a spent one; parent is empty where nobody knows
// that any more. An answer that brought a refresh token alone has spent the old one all the same.
func (a *answerRecord) child(parent Secret) (Credential, bool) {
	read, ok := tokenanswer.Read(a.body)
	if !ok || !a.success() {
		return Credential{}, false
	}
	c := Credential{RefreshToken: Secret(read.RefreshToken)}
	if c.RefreshToken == "" {
		c.RefreshToken = parent
	}
	if tokenanswer.HeaderSafe(read.AccessToken) {
		c.AccessToken = Secret(read.AccessToken)
		c.ExpiresAt = MillisOf(a.sent.Time().Add(read.Lifetime()))
	}
	return c, c.RefreshToken != "" && (c.AccessToken != "" || read.RefreshToken != "")
}

// mayHoldToken says whether an answer of which no credential can be made may hold one all the same.
func (a *answerRecord) mayHoldToken() bool {
	return a.success() && bytes.Contains(a.body, []byte("refresh_token"))
}

// appendRecord adds a record to what is to be written.
func appendRecord(dst []byte, kind recordKind, payload []byte) []byte {
	dst = fmt.Appendf(dst, "%s%s %d %s\n", magicVersion, kind, len(payload), checksum(payload))
	dst = append(dst, payload...)
	return append(dst, '\n')
}

func appendJSON(dst []byte, kind recordKind, v any) []byte {
	payload, _ := json.Marshal(v) // strings and numbers only
	return appendRecord(dst, kind, payload)
}

func checksum(payload []byte) string {
	sum := sha256.Sum256(payload)
	return hex.EncodeToString(sum[:checksumBytes])
}

// entryContent is what a journal file tells.
type entryContent struct {
	intent  *intentRecord
	answer  *answerRecord
	child   *childRecord
	settled *childRecord

	size    int  // up to the end of the last whole record
	damaged bool // some of it could not be read
	later   bool // written by a later kyoli
}

// empty says that nothing was written yet.
func (c *entryContent) empty() bool {
	return c.intent == nil && c.answer == nil && c.child == nil && c.settled == nil && !c.damaged && !c.later
}

// answered says whether the provider's answer is there, in one form or another.
func (c *entryContent) answered() bool { return c.answer != nil || c.child != nil || c.settled != nil }

// outcome returns the child's hash, and the child where it is known.
func (c *entryContent) outcome(parent Secret) (childRecord, bool) {
	switch {
	case c.settled != nil:
		return *c.settled, true
	case c.child != nil:
		return *c.child, true
	case c.answer != nil:
		child, ok := c.answer.child(parent)
		return childOf(child), ok
	}
	return childRecord{}, false
}

// parseEntry reads a journal file. Damage hides only the records that it is in.
func parseEntry(raw []byte) *entryContent {
	c := &entryContent{}
	for pos := 0; pos < len(raw); {
		rest := raw[pos:]
		if rest[0] == 0 || rest[0] == '\n' {
			pos++
			continue
		}
		kind, payload, size := nextRecord(rest)
		if size == 0 {
			c.damaged = c.damaged || !c.noteLater(rest)
			next := bytes.Index(rest[1:], []byte("\n"+magicVersion))
			if next < 0 {
				break
			}
			pos += 1 + next
			continue
		}
		c.damaged = !c.take(kind, payload) || c.damaged
		pos += size
		c.size = pos
	}
	return c
}

func (c *entryContent) noteLater(rest []byte) bool {
	later := bytes.HasPrefix(rest, []byte(magic)) && !bytes.HasPrefix(rest, []byte(magicVersion))
	c.later = c.later || later
	return later
}

// nextRecord takes the first record off. The size is 0 where there is no whole one.
func nextRecord(raw []byte) (kind recordKind, payload []byte, size int) {
	header, _, ok := bytes.Cut(raw[:min(len(raw), maxHeader)], []byte("\n"))
	if !ok || !bytes.HasPrefix(header, []byte(magicVersion)) {
		return "", nil, 0
	}
	parts := strings.Split(string(header[len(magicVersion):]), " ")
	if len(parts) != 3 {
		return "", nil, 0
	}
	n, err := strconv.Atoi(parts[1])
	start := len(header) + 1
	if err != nil || n < 0 || n >= len(raw)-start {
		return "", nil, 0
	}
	payload = raw[start : start+n]
	if raw[start+n] != '\n' || checksum(payload) != parts[2] {
		return "", nil, 0
	}
	return recordKind(parts[0]), payload, start + n + 1
}

// take notes what a record tells. Of two of one kind the later one counts; kinds of a later kyoli are passed over.
func (c *entryContent) take(kind recordKind, payload []byte) bool {
	switch kind {
	case recordIntent:
		return into(&c.intent, payload)
	case recordChild:
		return into(&c.child, payload)
	case recordSettled:
		return into(&c.settled, payload)
	case recordAnswer:
		return c.takeAnswer(payload)
	}
	return true
}

func into[T any](to **T, payload []byte) bool {
	var v T
	if json.Unmarshal(payload, &v) != nil {
		return false
	}
	*to = &v
	return true
}

func (c *entryContent) takeAnswer(payload []byte) bool {
	line, body, ok := bytes.Cut(payload, []byte("\n"))
	status, sent, two := strings.Cut(string(line), " ")
	a := &answerRecord{body: body}
	var err error
	if a.status, err = strconv.Atoi(status); err != nil || !ok || !two {
		return false
	}
	ms, err := strconv.ParseInt(sent, 10, 54)
	if err != nil {
		return false
	}
	a.sent = Millis(ms)
	c.answer = a
	return true
}

// at formats a time for people.
func at(t time.Time) string { return t.UTC().Format(time.RFC3339) }
