package e2e_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
)

// exitCode runs a command and succeeds when it ends with the code:
// exitcode CODE CMD [ARG…].
func exitCode() {
	want, err := strconv.Atoi(os.Args[1])
	if err != nil {
		fail(err)
	}
	cmd := exec.Command(os.Args[2], os.Args[3:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	got := 0
	var exit *exec.ExitError
	switch err := cmd.Run(); {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		fail(err)
	}
	if got != want {
		fail(fmt.Errorf("%v ended with %d, want %d", os.Args[2:], got, want))
	}
}

// noRefresh fails when a file holds a refresh token of the account file:
// norefresh FILE ACCOUNTS.json.
func noRefresh() {
	content, err := os.ReadFile(os.Args[1])
	if err != nil {
		fail(err)
	}
	b, err := os.ReadFile(os.Args[2])
	if err != nil {
		fail(err)
	}
	var file struct {
		Accounts []struct{ RefreshToken string }
	}
	if err := json.Unmarshal(b, &file); err != nil {
		fail(err)
	}
	if len(file.Accounts) == 0 {
		fail(errors.New("no accounts to look for"))
	}
	for _, a := range file.Accounts {
		if bytes.Contains(content, []byte(a.RefreshToken)) {
			fail(fmt.Errorf("%s holds a refresh token", os.Args[1]))
		}
	}
}
