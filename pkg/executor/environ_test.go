package executor

import (
	"slices"
	"strings"
	"testing"
)

func TestEnviron(t *testing.T) {
	base := []string{
		"PATH=/bin", "KEY=old", "SECRET=s1", "TWICE=1", "EMPTY=", "nonsense", "", "TWICE=2", "SECRET=s2", "=C:=x", "X=a=b",
	}
	got := Environ(base, []string{"SECRET", "ABSENT"}, map[string]string{"KEY": "new", "ADDED": "x\ny", "AAA": ""})
	want := []string{"PATH=/bin", "EMPTY=", "TWICE=2", "=C:=x", "X=a=b", "AAA=", "ADDED=x\ny", "KEY=new"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestEnvironSetWinsOverDrop(t *testing.T) {
	got := Environ([]string{"T=inherited"}, []string{"T"}, map[string]string{"T": "ours"})
	if !slices.Equal(got, []string{"T=ours"}) {
		t.Errorf("got %q", got)
	}
}

// Whatever is inherited: no dropped name comes through, and none comes twice.
func FuzzEnviron(f *testing.F) {
	f.Add("A=1\x00SECRET=x\x00A=2", "SECRET")
	f.Add("=C:=x\x00==\x00SECRET\x00SECRET==", "=C:")
	f.Fuzz(func(t *testing.T, block, dropped string) {
		got := Environ(strings.Split(block, "\x00"), []string{dropped}, map[string]string{"KYOLI_X": "y"})
		seen := map[string]bool{}
		for _, entry := range got {
			name, _, ok := cutVar(entry)
			if !ok || seen[name] || sameName(name, dropped) && name != "KYOLI_X" {
				t.Errorf("entry %q in %q", entry, got)
			}
			seen[name] = true
		}
		if value, ok := lookup(got, "KYOLI_X"); !ok || value != "y" {
			t.Errorf("KYOLI_X is %q", value)
		}
	})
}
