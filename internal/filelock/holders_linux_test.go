package filelock

import (
	"reflect"
	"testing"
)

func TestParseLocks(t *testing.T) {
	table := `1: POSIX  ADVISORY  WRITE 10 fd:01:1 0 EOF
2: FLOCK  ADVISORY  WRITE 11 fd:01:5678 0 EOF
2: -> FLOCK  ADVISORY  WRITE 12 fd:01:5678 0 EOF
3: FLOCK  ADVISORY  READ 13 00:2f:9 0 EOF
4: FLOCK  ADVISORY  WRITE 0 fd:01:77 0 EOF
5: FLOCK  ADVISORY  WRITE -1 fd:01:78 0 EOF
6: FLOCK  ADVISORY  WRITE 14 nonsense 0 EOF
7: FLOCK
`
	want := []heldLock{{11, "fd:01", 5678}, {13, "00:2f", 9}}
	if got := parseLocks(table); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

func FuzzParseLocks(f *testing.F) {
	f.Add("2: FLOCK  ADVISORY  WRITE 11 fd:01:5678 0 EOF\n")
	f.Add("2: FLOCK ADVISORY WRITE 11 : 0 EOF")
	f.Fuzz(func(t *testing.T, table string) {
		for _, l := range parseLocks(table) {
			if l.pid <= 0 {
				t.Errorf("a lock of process %d", l.pid)
			}
		}
	})
}
