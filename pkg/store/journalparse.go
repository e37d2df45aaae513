package store

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/kyoli-gam/kyoli/internal/procid"
	"github.com/kyoli-gam/kyoli/internal/seal"
)

// entryContent is what a journal file tells.
type entryContent struct {
	intent  *intentRecord
	answer  *answerRecord
	child   *childRecord
	settled *childRecord
	login   *procid.Process

	tokens []string // the sealed and the plain texts with tokens, as they are in the file
	locked error    // why what is sealed could not be opened

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

// maxSearches bounds how often the next whole record is looked for in a damaged file.
const maxSearches = 100

// parseEntry reads a journal file. Damage hides only the records that it is in.
func parseEntry(raw []byte) *entryContent {
	c := &entryContent{}
	searches := 0
	for pos := 0; pos < len(raw); {
		rest := raw[pos:]
		if rest[0] == 0 || rest[0] == '\n' {
			pos++
			continue
		}
		kind, payload, size := nextRecord(rest)
		if size == 0 {
			c.damaged = c.damaged || !c.noteLater(rest)
			next := bytes.Index(rest[1:], []byte(magicVersion))
			if searches++; next < 0 || searches > maxSearches {
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

// noteLater notes a record of a later version.
func (c *entryContent) noteLater(rest []byte) bool {
	rest, ok := bytes.CutPrefix(rest, []byte(magic))
	version, _, cut := bytes.Cut(rest[:min(len(rest), maxHeader)], []byte(" "))
	n, err := strconv.Atoi(string(version))
	later := ok && cut && err == nil && n > 1
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
	if raw[start+n] != '\n' || checksum(recordKind(parts[0]), payload) != parts[2] {
		return "", nil, 0
	}
	return recordKind(parts[0]), payload, start + n + 1
}

// take notes what a record tells. Of two of one kind the later one counts; kinds of a later kyoli are passed over.
func (c *entryContent) take(kind recordKind, payload []byte) bool {
	switch kind {
	case recordIntent:
		return into(&c.intent, payload)
	case recordLogin:
		return into(&c.login, payload)
	case recordChild:
		return into(&c.child, payload) && c.noteTokens(c.child)
	case recordSettled:
		return into(&c.settled, payload) && c.noteTokens(c.settled)
	case recordAnswer:
		c.tokens = append(c.tokens, string(payload))
		return c.takeAnswer(payload)
	}
	return true
}

func (c *entryContent) noteTokens(child *childRecord) bool {
	for _, t := range []string{child.RefreshToken, child.AccessToken} {
		if t != "" {
			c.tokens = append(c.tokens, t)
		}
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
	if seal.Is(string(payload)) {
		c.answer = &answerRecord{sealed: string(payload)}
		return true
	}
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
