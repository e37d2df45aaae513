package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// lane is a way to the upstream: direct, or through a proxy.
type lane struct {
	name, url, token string
}

// world is what is measured: the lanes, and the processes behind them.
type world struct {
	lanes    [3]lane // direct, by the bare proxy, by kyoli's
	up, bare *server
	kyoli    *server
}

// proxyBench measures `kyoli proxy` against the same upstream without it, and
// against a bare proxy.
func proxyBench(dir, kyoli string, rate int, phase time.Duration, requests int) error {
	signal.Ignore(syscall.SIGPIPE) // a reader that has gone must not leave the servers running
	w := &world{}
	defer w.stop()
	if err := w.start(dir, kyoli); err != nil {
		return err
	}
	fmt.Printf("\n%-44s %11s %11s %11s %11s %11s\n", "kyoli proxy", "direct", "bare proxy", "kyoli", "bare adds", "kyoli adds")
	steps := []func() error{
		func() error { return w.openLoop(rate, phase, "") },
		func() error { return w.awake(func() error { return w.openLoop(rate, phase, ", awake") }) },
		func() error { return w.firstEvent(500) },
		func() error { return w.saturate(requests) },
		func() error { return w.growth(requests) },
		func() error { return w.manyStreams(1000) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) start(dir, kyoli string) (err error) {
	if w.up, err = startSelf("-upstream"); err != nil {
		return err
	}
	if w.bare, err = startSelf("-forward", w.up.url); err != nil {
		return err
	}
	if w.kyoli, err = startProxy(dir, kyoli, w.up.url); err != nil {
		return err
	}
	w.lanes = [...]lane{
		{"direct", w.up.url + "/codex/responses", accessToken(0)},
		{"bare proxy", w.bare.url + "/codex/responses", accessToken(0)},
		{"kyoli", w.kyoli.url + "/openai/responses", w.kyoli.token},
	}
	return nil
}

func (w *world) stop() {
	for _, s := range []*server{w.kyoli, w.bare, w.up} {
		if s != nil {
			s.stop()
		}
	}
}

// cpu is the CPU time that all processes have used, this one among them.
func (w *world) cpu() time.Duration {
	sum := cpu(os.Getpid())
	for _, s := range []*server{w.kyoli, w.bare, w.up} {
		sum += cpu(s.cmd.Process.Pid)
	}
	return sum
}

// awake measures while no processor goes to sleep, where that can be had.
func (w *world) awake(measure func() error) error {
	if runtime.GOOS != "linux" {
		return nil
	}
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	spinner := exec.Command(exe, "-awake")
	spinner.Stderr = os.Stderr
	leash, err := spinner.StdinPipe() // it ends with this, however this ends
	if err != nil {
		return err
	}
	if err := spinner.Start(); err != nil {
		return err
	}
	err = measure()
	_ = leash.Close()
	return errors.Join(err, spinner.Wait())
}

// server is a process that was started for the measurement.
type server struct {
	cmd   *exec.Cmd
	url   string
	token string
	files string // its accounts, "" for none
}

func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
}

// line reads the first line that a process says.
func (s *server) line() (string, error) {
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	s.cmd.Stderr = os.Stderr
	if err := s.cmd.Start(); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	return strings.TrimSpace(line), err
}

// startSelf starts this program in one of its other parts.
func startSelf(args ...string) (*server, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := &server{cmd: exec.Command(exe, args...)}
	s.url, err = s.line()
	return s, err
}

func startProxy(dir, kyoli, upstream string) (*server, error) {
	config := filepath.Join(dir, "proxy")
	file := filepath.Join(config, "openai-multi-account-accounts.json")
	if err := writeAccounts(file, 10); err != nil {
		return nil, err
	}
	settings := fmt.Sprintf("adapters:\n  openai: { token_url: %q, base_url: %q }\n", upstream+"/token", upstream+"/codex")
	if err := os.WriteFile(filepath.Join(config, "kyoli.yaml"), []byte(settings), 0o600); err != nil {
		return nil, err
	}
	env := append(os.Environ(), "HOME="+config, "XDG_STATE_HOME="+config, "XDG_DATA_HOME="+config, "KYOLI_CONFIG_DIR="+config)
	add := exec.Command(kyoli, "proxy", "token", "add", "bench")
	add.Env = env
	token, err := add.Output()
	if err != nil {
		return nil, err
	}
	s := &server{token: strings.TrimSpace(string(token)), files: file}
	s.cmd = exec.Command(kyoli, "proxy", "--listen", "127.0.0.1:0", "--json", "--quiet", "--provider", "openai")
	s.cmd.Env = env
	line, err := s.line()
	if err != nil {
		return nil, err
	}
	var ready struct{ Listen []string }
	if err := json.Unmarshal([]byte(line), &ready); err != nil || len(ready.Listen) == 0 {
		return nil, fmt.Errorf("kyoli proxy said %q: %w", line, err)
	}
	s.url = ready.Listen[0]
	return s, nil
}

// client calls the lanes.
var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 2000, DisableCompression: true}}

// small is a request's body; its first words make it one of a few conversations.
func small(i int) string { return fmt.Sprintf(`{"model":"m","input":"conversation %d"}`, i%20) }

// call sends one request and reads the answer; first is when its first byte came.
func (l lane) call(i int, kind string) (first, whole time.Duration, err error) {
	req, err := http.NewRequest(http.MethodPost, l.url, strings.NewReader(small(i)))
	if err != nil {
		return 0, 0, err
	}
	req.Header.Set("Authorization", "Bearer "+l.token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Bench", kind)
	start := time.Now()
	res, err := client.Do(req)
	if err != nil {
		return 0, 0, err
	}
	defer res.Body.Close()
	var one [1]byte
	_, err = io.ReadFull(res.Body, one[:])
	first = time.Since(start)
	if err == nil {
		_, err = io.Copy(io.Discard, res.Body)
	}
	if err == nil && res.StatusCode != http.StatusOK {
		err = errors.New(l.name + ": " + res.Status)
	}
	return first, time.Since(start), err
}
