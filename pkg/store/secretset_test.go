package store

import (
	"testing"

	"pgregory.net/rapid"
)

// The set answers as a search through all of them does.
func TestSecretSet(t *testing.T) {
	t.Parallel()
	sealed := func(token Secret) Secret { return "kyoli-sealed:1:age:" + Secret(token.Hash()) + ":w:x" }
	if !sealed("rt-1").Same("rt-1") {
		t.Fatal("not how a sealed token looks")
	}
	all := []Secret{"", "rt-1", "rt-2", "rt-3", sealed("rt-1"), sealed("rt-2"), sealed("rt-1") + "y", "kyoli-sealed:1:age:", "kyoli-sealed:1:age::w:x"}
	some := rapid.SliceOfN(rapid.SampledFrom(all), 0, 4)
	rapid.Check(t, func(t *rapid.T) {
		secrets, d := some.Draw(t, "secrets"), &document{}
		for _, s := range some.Draw(t, "refresh tokens") {
			d.entries = append(d.entries, entry{was: Account{RefreshToken: s, AccessToken: rapid.SampledFrom(all).Draw(t, "access token")}})
		}
		set := newSecretSet(secrets)
		kept := set.in(d)
		for _, s := range all {
			if set.has(s) != s.isOneOf(secrets) {
				t.Fatalf("%q: %v", string(s), set.has(s))
			}
			if s.isOneOf(secrets) && kept.has(s) != d.holds(s) {
				t.Fatalf("%q in the content: %v", string(s), kept.has(s))
			}
		}
	})
}
