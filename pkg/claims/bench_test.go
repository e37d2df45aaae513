package claims

import (
	"fmt"
	"testing"
)

// BenchmarkSelect is one claim and its release, with as many others as there may be.
func BenchmarkSelect(b *testing.B) {
	for _, others := range []int{0, 32} {
		b.Run(fmt.Sprintf("%d others", others), func(b *testing.B) {
			s := Open(b.TempDir()+"/openai-multi-account-accounts.json", Options{})
			for i := range others {
				_, err := s.Select(bg, Holder{ID: "other" + num(i)}, pick("account"+num(i)))
				must(b, err)
			}
			for b.Loop() {
				c, err := s.Select(bg, Holder{ID: "me"}, pick("mine"))
				must(b, err)
				must(b, c.Release(bg))
			}
		})
	}
}

// BenchmarkView is what listing accounts costs.
func BenchmarkView(b *testing.B) {
	s := Open(b.TempDir()+"/openai-multi-account-accounts.json", Options{})
	for i := range 32 {
		_, err := s.Select(bg, Holder{ID: "other" + num(i)}, pick("account"+num(i)))
		must(b, err)
	}
	for b.Loop() {
		if _, err := s.View(bg); err != nil {
			b.Fatal(err)
		}
	}
}
