package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// The power fails after each system call of the shipped kyoli that changes the disk. Whatever a file system may then
// have got to of what was not fsynced, the files are whole, no token that was on the disk is lost, and the next command
// works at once. What a command has said is done is there.
func TestFaultPowerCut(t *testing.T) {
	needStrace(t)
	for _, d := range deeds {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			d.cutPower(t)
		})
	}
}

func (d deed) cutPower(t *testing.T) {
	s := newSwept(t)
	was := s.tokens()
	if d.prepare != nil {
		d.prepare(s)
	}
	model := newDisk(t, s.dir)
	calls := d.trace(s)
	now := s.tokens()
	_, whole := crowdRounds(t)
	seen, cuts, sent := map[string]bool{}, 0, false
	for i, c := range calls {
		if err := model.replay(s.dir, c); err != nil {
			t.Fatal(err)
		}
		sent = sent || c.name == "write" && strings.Contains(c.args[1], "POST /oauth/token")
		// From when on the new tokens have to be there: when the journal or the account file has them, or the command has ended.
		ended := i == len(calls)-1
		kept := ended || model.keeps(now)
		for _, cut := range model.cuts() {
			key := fmt.Sprint(kept, ended, model.key(cut))
			if seen[key] {
				continue
			}
			seen[key] = true
			if cuts++; !whole && cuts%16 != 1 && !ended {
				continue
			}
			after := s.afterCut(t, cut)
			if ended {
				d.checkDone(after)
			}
			if sent && d.name == "refresh" && !cut.hasIntent() {
				t.Error("the request was sent before its intent was on the disk")
			}
			d.checkCut(after, was, now, kept)
			if t.Failed() {
				t.Fatalf("the power failed after %s %q", c.name, c.args[0])
			}
		}
	}
	t.Logf("%s: %d system calls, %d different disks after a power cut", d.name, len(calls), cuts)
	if (cuts < fewSteps) != (d.few != "") {
		t.Errorf("%d different disks only", cuts)
	}
}

// tokens are the refresh tokens of the account file, by account.
func (s *swept) tokens() map[string]string {
	s.t.Helper()
	all := map[string]string{}
	for id, a := range s.accounts() {
		all[id] = a.RefreshToken
	}
	return all
}

// keeps says whether each of the tokens is on the disk, somewhere.
func (d *disk) keeps(tokens map[string]string) bool {
	cut := d.cuts()[0]
	for _, token := range tokens {
		found := false
		for name, content := range cut {
			found = found || bytes.Contains(content, []byte(token)) &&
				(name == sweptAccounts || strings.Contains(name, ".journal/"))
		}
		if !found {
			return false
		}
	}
	return true
}

// hasIntent says whether the journal has an entry of a request.
func (a afterCut) hasIntent() bool {
	for name, content := range a {
		if strings.Contains(name, ".journal/") && len(bytes.Trim(content, "\x00")) > 0 {
			return true
		}
	}
	return false
}

// checkDone wants what the command wrote.
func (d deed) checkDone(s *swept) {
	switch d.name {
	case "sync-auth", "migrate":
		if _, ok := s.authEntries()["openai"]; !ok {
			s.t.Error("the login is not on the disk")
		}
	case "config set":
		if !strings.Contains(s.read(sweptSettings), "quiet_mode: true") {
			s.t.Error("what was set is not on the disk")
		}
	}
}

// afterCut is a home as it comes back.
func (s *swept) afterCut(t *testing.T, cut afterCut) *swept {
	t.Helper()
	after := &swept{t: t, dir: t.TempDir(), provider: s.provider, logins: s.logins}
	cut.put(t, after.dir)
	return after
}

// checkCut looks at a disk that came back. was and now are the tokens of before and after the deed.
func (d deed) checkCut(s *swept, was, now map[string]string, kept bool) {
	if d.damaged {
		s.next("doctor", "--fix")
	}
	s.next("accounts", "list", "--json")
	s.next("accounts", "label", "one", "again")
	for id, token := range s.tokens() {
		if token != now[id] && (kept || token != was[id]) {
			s.t.Errorf("the token of %s is lost", id)
		}
	}
	for id := range was {
		if s.tokens()[id] == "" {
			s.t.Errorf("%s is lost", id)
		}
	}
	s.next("exec", "--account", "two", "--", "true")
	s.next("config", "set", "quiet_mode", "true")
	if got := s.read(sweptSettings); !strings.HasPrefix(got, "# of the user\nadapters:\n") || !strings.HasSuffix(got, "quiet_mode: true\n") {
		s.t.Errorf("kyoli.yaml:\n%s", got)
	}
	if raw, ok := s.authEntries()["openai"]; ok {
		var e authEntry
		known := []string{s.logins["two"].RefreshToken, s.logins["three"].RefreshToken}
		if err := json.Unmarshal(raw, &e); err != nil || !slices.Contains(known, e.Refresh) {
			s.t.Errorf("auth.json: openai is %s, %v", raw, err)
		}
	}
}
