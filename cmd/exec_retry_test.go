package cmd

import (
	"os"
	"strings"
	"testing"
)

func TestTailKeepsTheEnd(t *testing.T) {
	out, err := os.CreateTemp(t.TempDir(), "err")
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	keep := &tail{}
	pipe, err := keep.open(out)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Repeat("0123456789abcdef\n", 20_000)
	if _, err := pipe.WriteString(want + "status 429"); err != nil {
		t.Fatal(err)
	}
	keep.started()
	keep.ended()
	if got, err := os.ReadFile(out.Name()); err != nil || string(got) != want+"status 429" {
		t.Errorf("%d bytes were passed on, %v", len(got), err)
	}
	if got := keep.text(); len(got) != tailMost || !strings.HasSuffix(got, "\nstatus 429") {
		t.Errorf("kept %d bytes", len(got))
	}
	if (*tail)(nil).text() != "" {
		t.Error("text of nobody")
	}
}

func TestRetriesOnATerminal(t *testing.T) {
	yes := func() bool { return true }
	for name, f := range map[string]*Factory{"stdin": {InTTY: yes}, "stdout": {OutTTY: yes}, "stderr": {ErrTTY: yes}} {
		o := &execOptions{Retries: 1}
		if err := o.checkRetries(f); err == nil || exitCode(err) != exitUsage || !strings.Contains(hintOf(err), "--rotate") {
			t.Errorf("%s: %v", name, err)
		}
		if err := (&execOptions{}).checkRetries(f); err != nil {
			t.Errorf("%s, without: %v", name, err)
		}
	}
}
