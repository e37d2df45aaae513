package store

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func sampleEntry() []byte {
	raw := appendJSON(nil, recordIntent, intentRecord{UUID: uuidA, PID: 1, At: "2026-01-01T00:00:00Z"})
	a := &answerRecord{status: 200, sent: 1_700_000_000_000, body: []byte(good)}
	raw = appendRecord(raw, recordAnswer, a.payload())
	return appendJSON(raw, recordSettled, childRecord{Child: Secret("rt-new").Hash(), RefreshToken: "rt-new"})
}

func TestParseEntry(t *testing.T) {
	c := parseEntry(append(sampleEntry(), make([]byte, 1000)...))
	if c.damaged || c.later || c.empty() || c.size != len(sampleEntry()) {
		t.Errorf("%+v", c)
	}
	if c.intent.UUID != uuidA || c.answer.status != 200 || string(c.answer.body) != good || c.settled.RefreshToken != "rt-new" {
		t.Errorf("%+v", c)
	}
	if c := parseEntry(make([]byte, 1000)); !c.empty() {
		t.Errorf("zeros: %+v", c)
	}
	if c := parseEntry([]byte("kyoli-journal 2 something\n")); !c.later || c.damaged || c.empty() {
		t.Errorf("a later one: %+v", c)
	}
}

// However an entry is cut off, nothing else is read from it than what was written, and what was written before is.
func TestParseEntryCutOff(t *testing.T) {
	whole := sampleEntry()
	intent := bytes.Index(whole[1:], []byte(magic)) + 1
	answer := bytes.LastIndex(whole, []byte(magic))
	for n := range whole {
		c := parseEntry(append(bytes.Clone(whole[:n]), make([]byte, 100)...))
		if (c.intent != nil) != (n >= intent) || (c.answer != nil) != (n >= answer) || c.settled != nil {
			t.Fatalf("after %d bytes: %+v", n, c)
		}
		if cut := n > 0 && n != intent && n != answer; c.damaged != cut {
			t.Errorf("after %d bytes: damaged = %v", n, c.damaged)
		}
	}
}

// Damage hides only the record that it is in.
func TestParseEntryDamaged(t *testing.T) {
	for i := range sampleEntry() {
		raw := sampleEntry()
		raw[i] ^= 1
		c := parseEntry(raw)
		found := 0
		for _, there := range []bool{c.intent != nil, c.answer != nil, c.settled != nil} {
			if there {
				found++
			}
		}
		if found < 2 || found == 2 && !c.damaged && !c.later {
			t.Fatalf("byte %d: %d records, damaged = %v", i, found, c.damaged)
		}
		if c.answer != nil && (c.answer.status != 200 || string(c.answer.body) != good) {
			t.Fatalf("byte %d: another answer: %+v", i, c.answer)
		}
	}
}

func FuzzParseEntry(f *testing.F) {
	f.Add(sampleEntry())
	f.Add(append(sampleEntry(), make([]byte, 100)...))
	f.Add(append(make([]byte, 100), sampleEntry()...))
	f.Add([]byte("kyoli-journal 1 answer 0 \n\n"))
	f.Add([]byte("kyoli-journal 1 answer 99999999999999999999 0000000000000000\n\n"))
	f.Add([]byte("kyoli-journal 2 x"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c := parseEntry(raw)
		if c.size > len(raw) {
			t.Fatalf("%d of %d bytes", c.size, len(raw))
		}
		if child, ok := c.outcome("rt-parent"); ok && child.RefreshToken != "" && c.settled == nil && c.child == nil {
			if child.Child != Secret(child.RefreshToken).Hash() || child.ExpiresAt < 0 && c.answer.sent > 0 {
				t.Fatalf("%+v", child)
			}
		}
		// What is added after it is found.
		at := min(c.size, len(raw))
		again := parseEntry(append(bytes.Clone(raw[:at]), sampleEntry()...))
		if again.settled == nil || again.settled.RefreshToken != "rt-new" {
			t.Fatalf("an added record is not found: %+v", again)
		}
	})
}

func FuzzParseEntryName(f *testing.F) {
	n := entryName{parent: Secret("rt").Hash(), owner: ownerHash("o"), at: 1_700_000_000_000, nonce: "0123456789ab", state: stateOpen}
	f.Add(n.String())
	f.Add(n.as(stateSettled).String())
	f.Add(n.as(stateSpent).String())
	f.Add(n.as(stateDamaged).String())
	f.Add(strings.Replace(n.String(), "-1700000000000-", "-+17-", 1))
	f.Add("../" + n.String())
	f.Fuzz(func(t *testing.T, name string) {
		n, ok := parseEntryName(name)
		if ok && (n.String() != name || strings.ContainsAny(name, "/\\") || n.at < 0) {
			t.Fatalf("%q is read as %+v", name, n)
		}
	})
}

func TestEntryName(t *testing.T) {
	n := entryName{parent: Secret("rt").Hash(), owner: ownerHash("o"), at: 1_700_000_000_000, nonce: "0123456789ab", state: stateOpen}
	for _, s := range []entryState{stateOpen, stateSettled, stateSpent} {
		if got, ok := parseEntryName(n.as(s).String()); !ok || got != n.as(s) {
			t.Errorf("%s: %+v, %v", s, got, ok)
		}
	}
	for _, name := range []string{
		"", ".open", n.as(stateDamaged).String(), n.String() + "x", "." + n.String() + ".kyoli-1-0123", strings.ToUpper(n.String()),
		strings.Replace(n.String(), "1700000000000", "01700000000000", 1), strings.Replace(n.String(), "1700000000000", "-5", 1),
		fmt.Sprintf("%s-%s-%d-%s.open", n.parent, n.owner, uint64(1)<<60, n.nonce),
	} {
		if got, ok := parseEntryName(name); ok {
			t.Errorf("%q is read as %+v", name, got)
		}
	}
}
