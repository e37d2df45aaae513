//go:build unix

package e2e_test

import (
	"path/filepath"
	"strings"
)

// prepareDoctor damages the accounts. The last good ones have one uuid twice, and the claims are those of the dead.
func prepareDoctor(s *swept) {
	good := s.read(sweptAccounts)
	twice := `"accounts":[{"uuid":"one","accountId":"older","refreshToken":"rt-older","addedAt":1,"lastUsed":0,"odd":1},`
	s.write(sweptAccounts+".last-good", strings.Replace(good, `"accounts":[`, twice, 1))
	s.write(sweptAccounts, good[:len(good)/2])
	s.write(".config/opencode/openai-multi-account-claims.json", `{"one":{"pid":99999999,"at":1}}`)
}

// checkDoctor wants the damaged accounts or the last good ones, and after the next doctor the good ones, with a copy of
// what was damaged, of what was there twice, and with the older login as a spare.
func checkDoctor(s *swept) bool {
	if got := s.read(sweptAccounts); !strings.HasSuffix(got, `"later":[1e2]}`) && !strings.HasPrefix(s.read(sweptAccounts+".last-good"), got[:20]) {
		s.t.Errorf("the accounts are %q", got)
	}
	s.next("doctor", "--fix")
	if out := s.next("doctor", "--fix"); strings.Contains(out, "fixed\t") {
		s.t.Errorf("the second doctor mends: %s", out)
	}
	for _, copies := range []string{".damaged-*", ".duplicates-*", ".journal/*.open"} {
		if found, err := filepath.Glob(s.path(sweptAccounts) + copies); err != nil || len(found) != 1 {
			s.t.Errorf("%s: %q, %v", copies, found, err)
		}
	}
	if strings.Contains(s.read(sweptAccounts), "rt-older") {
		s.t.Error("one uuid is there twice")
	}
	return checkAccounts(s)
}
