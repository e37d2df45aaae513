package failpoint

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestErr(t *testing.T) {
	if err := Err("a"); err != nil {
		t.Errorf("unarmed: %v", err)
	}
	boom := errors.New("boom")
	var seen []string
	restore := Set(func(name string) error {
		seen = append(seen, name)
		return boom
	})
	Hit("a")
	if err := Err("b"); !errors.Is(err, boom) {
		t.Errorf("armed: %v", err)
	}
	restore()
	Hit("c")
	if got := strings.Join(seen, ","); got != "a,b" {
		t.Errorf("seen %s", got)
	}
}

// TestKillAt runs this test binary again, which counts steps into a file until it is killed.
func TestKillAt(t *testing.T) {
	if file := os.Getenv("FAILPOINT_TEST_FILE"); file != "" {
		Set(KillAt(3))
		for _, name := range []string{"a", "b", "c", "d"} {
			Hit(name)
			if err := appendTo(file, name); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	file := filepath.Join(t.TempDir(), "steps")
	cmd := exec.Command(os.Args[0], "-test.run=^TestKillAt$")
	cmd.Env = append(os.Environ(), "FAILPOINT_TEST_FILE="+file)
	err := cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("the child lives: %v", err)
	}
	if runtime.GOOS != "windows" && exit.String() != "signal: killed" {
		t.Errorf("the child ended with %v", exit)
	}
	if got, _ := os.ReadFile(file); string(got) != "ab" {
		t.Errorf("the child got to %q", got)
	}
}

func appendTo(file, text string) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(text)
	return err
}
