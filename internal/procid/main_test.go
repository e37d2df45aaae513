package procid

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// helperVar makes the test binary another program: "sleep" waits until its stdin ends; "judge"
// reads a Process on stdin and prints who it is itself and what it thinks of that process.
const helperVar = "KYOLI_PROCID_HELPER"

func TestMain(m *testing.M) {
	switch os.Getenv(helperVar) {
	case "":
		os.Exit(m.Run())
	case "sleep":
		fmt.Println("up")
		_, _ = os.Stdin.Read(make([]byte, 1))
	case "judge":
		var p Process
		if err := json.NewDecoder(os.Stdin).Decode(&p); err != nil {
			panic(err)
		}
		_ = json.NewEncoder(os.Stdout).Encode(verdict{Self: Self(), State: p.Alive(Self())})
	}
}

type verdict struct {
	Self  Process
	State State
}

func helper(t *testing.T, what string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), helperVar+"="+what)
	cmd.Stderr = os.Stderr
	return cmd
}

// startSleeper starts a process that lives until the returned function ends and reaps it.
func startSleeper(t *testing.T) (pid int, cmd *exec.Cmd) {
	t.Helper()
	cmd = helper(t, "sleep")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = cmd.Process.Kill(); _ = cmd.Wait() })
	if _, err := out.Read(make([]byte, 2)); err != nil {
		t.Fatal(err)
	}
	return cmd.Process.Pid, cmd
}
