package e2e_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/kyoli-gam/kyoli/internal/procid"
)

// patience bounds every wait for what has to come, also on a machine that has much else to do.
const patience = 5 * time.Minute

// ocServe runs `opencode serve` and has it store logins, as its own screens do:
//
//	ocserve STEP…
//	put KEY JSON   store a login (PUT /auth/KEY)
//	touch FILE     say that the steps so far are done, with the process id
//	await FILE     wait for a file
//	find FILE TEXT wait for a text in a file
func ocServe() {
	server := exec.Command("opencode", "serve", "--hostname", "127.0.0.1", "--port", "0")
	out, err := server.StdoutPipe()
	if err != nil {
		fail(err)
	}
	if err := server.Start(); err != nil {
		fail(err)
	}
	err = ocSteps(out, os.Args[1:])
	_ = server.Process.Kill()
	_ = server.Wait()
	if err != nil {
		fail(err)
	}
}

var listening = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

func ocSteps(out io.Reader, args []string) error {
	lines := bufio.NewScanner(out)
	for url := ""; lines.Scan(); {
		if url = listening.FindString(lines.Text()); url == "" {
			continue
		}
		for len(args) > 0 {
			n, err := ocStep(url, args)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			args = args[n:]
		}
		return nil
	}
	return errors.Join(errors.New("opencode serve does not listen"), lines.Err())
}

// ocStep does the first step and says how many arguments it had.
func ocStep(url string, args []string) (int, error) {
	switch {
	case args[0] == "put" && len(args) > 2:
		return 3, put(url+"/auth/"+args[1], args[2])
	case args[0] == "touch" && len(args) > 1:
		return 2, writeAtOnce(args[1], strconv.Itoa(os.Getpid()))
	case args[0] == "await" && len(args) > 1:
		return 2, await(args[1], "")
	case args[0] == "find" && len(args) > 2:
		return 3, await(args[1], args[2])
	}
	return 0, errors.New("no such step")
}

func put(url, body string) error {
	req, err := http.NewRequest(http.MethodPut, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return errors.New(res.Status)
	}
	return nil
}

// awaitFile waits for a file, or for a text in it: await FILE [TEXT].
func awaitFile() {
	if err := await(os.Args[1], strings.Join(os.Args[2:], " ")); err != nil {
		fail(err)
	}
}

// writeAtOnce makes a file that is never seen without its content.
func writeAtOnce(path, content string) error {
	if err := os.WriteFile(path+".new", []byte(content), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// waitGone waits until a process has ended: waitgone FILE, which has its id.
func waitGone() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		fail(err)
	}
	pid, err := strconv.Atoi(string(text))
	if err != nil {
		fail(err)
	}
	var gone *procid.GoneError
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if _, err := procid.Of(pid); errors.As(err, &gone) {
			return
		}
	}
	fail(fmt.Errorf("process %d lives", pid))
}

func await(path, text string) error {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if content, err := os.ReadFile(path); err == nil && strings.Contains(string(content), text) {
			return nil
		}
	}
	return fmt.Errorf("%s did not come, or without %q", path, text)
}
