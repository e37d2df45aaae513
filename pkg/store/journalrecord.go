package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/kyoli-gam/kyoli/internal/tokenanswer"
)

// A journal file is a sequence of records, each "kyoli-journal 1 <kind> <bytes> <checksum>", a line break, so many
// bytes of payload, a line break. The checksum is over kind and payload. It may be followed by zeros, which is room set aside. Records are only added, so
// that a write that was cut short spoils none of those before it.

// recordKind says what a record tells.
type recordKind string

const (
	// recordIntent is an intentRecord: a request is about to be made.
	recordIntent recordKind = "intent"
	// recordAnswer is "<status> <milliseconds>", a line break and the raw body: an answer came to a request that was
	// sent at that time.
	recordAnswer recordKind = "answer"
	// recordLogin is a procid.Process: who logs a person in.
	recordLogin recordKind = "login"
	// recordChild is a childRecord, and stands for an answer that could not be written as it came.
	recordChild recordKind = "child"
	// recordSettled is a childRecord: the account file had the child.
	recordSettled recordKind = "settled"
)

const (
	magic        = "kyoli-journal "
	magicVersion = magic + "1 "
	// checksumBytes is how much of a SHA-256 a record has.
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
	sealed string // all of it, until it is opened
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
	if !ok {
		if whole, repaired := tokenanswer.Repair(a.body); repaired {
			read, ok = tokenanswer.Read(whole)
		}
	}
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
	dst = fmt.Appendf(dst, "%s%s %d %s\n", magicVersion, kind, len(payload), checksum(kind, payload))
	dst = append(dst, payload...)
	return append(dst, '\n')
}

func appendJSON(dst []byte, kind recordKind, v any) []byte {
	payload, _ := json.Marshal(v) // strings and numbers only
	return appendRecord(dst, kind, payload)
}

func checksum(kind recordKind, payload []byte) string {
	h := sha256.New()
	h.Write([]byte(kind))
	h.Write([]byte{'\n'})
	h.Write(payload)
	return hex.EncodeToString(h.Sum(nil)[:checksumBytes])
}

// at formats a time for people.
func at(t time.Time) string { return t.UTC().Format(time.RFC3339) }
