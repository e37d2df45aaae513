//go:build unix

package cmd

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/internal/fakeprovider"
)

// service is `kyoli proxy` as a process.
type service struct {
	t     *testing.T
	w     *execWorld
	cmd   *exec.Cmd
	url   string
	token string
	errs  *lockedBuffer
}

// lockedBuffer takes what a process writes while a test reads it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func startService(t *testing.T, w *execWorld, flags ...string) *service {
	t.Helper()
	s := &service{t: t, w: w, errs: &lockedBuffer{}}
	s.token = strings.TrimSpace(w.mustRun("proxy", "token", "add", "test"))
	s.cmd = w.command(append([]string{"proxy", "--json", "--listen", "127.0.0.1:0"}, flags...)...)
	s.cmd.Stderr = s.errs
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.cmd.Process.Kill(); _ = s.cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	var ready announcement
	if err != nil || json.Unmarshal([]byte(line), &ready) != nil || len(ready.Listen) == 0 {
		t.Fatalf("said %q, %v: %s", line, err, s.errs)
	}
	if strings.Join(ready.Providers, " ") != "anthropic openai" {
		t.Errorf("serves %v", ready.Providers)
	}
	s.url = ready.Listen[0]
	return s
}

// get asks for something with a header, and returns status and body.
func (s *service) get(client *http.Client, method, path, header, value string) (int, string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(`{"model":"m","input":"hello"}`))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set(header, value)
	res, err := client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func (s *service) call(token string) (int, string) {
	s.t.Helper()
	return s.get(http.DefaultClient, "POST", "/openai/responses", "Authorization", "Bearer "+token)
}

// stop ends the service with a signal and returns its exit code.
func (s *service) stop() int {
	s.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	_ = s.cmd.Wait()
	return s.cmd.ProcessState.ExitCode()
}

// TestProxyService: programs call the provider with a token of the proxy's, accounts rotate, tokens
// can be ended, and nothing of an account's credential or e-mail comes out.
func TestProxyService(t *testing.T) {
	t.Parallel()
	w := newExecWorld(t, "work", "home")
	socket := filepath.Join(w.dir, "s")
	s := startService(t, w, "--unix", socket)
	if status, body := s.get(http.DefaultClient, "GET", "/healthz", "X", "1"); status != 200 || body != "{\"status\":\"ok\"}\n" {
		t.Errorf("health: %d %s", status, body)
	}
	if status, _ := s.call("kyr_wrong"); status != 401 {
		t.Errorf("a wrong token: %d", status)
	}
	if status, body := s.call(s.token); status != 200 || !strings.Contains(body, "hello from work@example.com") {
		t.Errorf("%d %s", status, body)
	}
	w.provider.Behave(fakeprovider.Behaviour{Endpoint: "responses", Status: 429, Header: map[string]string{"Retry-After": "600"}})
	if status, body := s.call(s.token); status != 200 || !strings.Contains(body, "hello from home@example.com") {
		t.Errorf("with the first limited: %d %s", status, body)
	}
	through := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}}
	defer through.CloseIdleConnections()
	if status, body := s.get(through, "POST", "/openai/responses", "X-Api-Key", s.token); status != 200 {
		t.Errorf("by the socket: %d %s", status, body)
	}
	var metrics string
	waitFor(t, "the last request to be counted", func() bool { // after its answer
		_, metrics = s.get(http.DefaultClient, "GET", "/metrics", "X", "1")
		return strings.Contains(metrics, `status="200"} 3`)
	})
	for _, line := range []string{
		`kyoli_proxy_requests_total{provider="openai",status="200"} 3`, `kyoli_switches_total{provider="openai"} 1`, `kyoli_limits_total{provider="openai"} 1`,
	} {
		if !strings.Contains(metrics, line) {
			t.Errorf("metrics lack %s:\n%s", line, metrics)
		}
	}
	if strings.Contains(metrics, "@") || strings.Contains(metrics, "work") {
		t.Errorf("metrics name accounts:\n%s", metrics)
	}
	w.mustRun("proxy", "token", "rm", "test", "--yes")
	waitFor(t, "a token that was ended to be refused", func() bool {
		status, _ := s.call(s.token)
		return status == 401
	})
	if code := s.stop(); code != 0 {
		t.Errorf("exit code %d: %s", code, s.errs)
	}
	log := s.errs.String()
	if !strings.Contains(log, "provider=openai method=POST path=/responses status=200") || strings.Contains(log, s.token) {
		t.Errorf("log:\n%s", log)
	}
	for i := range w.logins {
		if token := w.logins[i]["accessToken"].(string); strings.Contains(log+metrics, token) {
			t.Error("an access token came out")
		}
	}
	if len(w.holders()) > 0 {
		t.Errorf("claims are left: %v", w.holders())
	}
	if _, err := os.Stat(socket); !os.IsNotExist(err) {
		t.Errorf("the socket is left: %v", err)
	}
}

// TestProxyStopsGracefully: an answer that is under way ends before the service does, and a second
// signal does not wait for one.
func TestProxyStopsGracefully(t *testing.T) {
	t.Parallel()
	for _, patient := range []bool{true, false} {
		w := newExecWorld(t, "work")
		s := startService(t, w)
		delay := 1500
		if !patient {
			delay = 60_000
		}
		w.provider.Behave(fakeprovider.Behaviour{Endpoint: "responses", DelayMS: delay})
		type answer struct {
			status int
			err    error
		}
		answered := make(chan answer)
		go func() {
			req, _ := http.NewRequest("POST", s.url+"/openai/responses", strings.NewReader("{}"))
			req.Header.Set("Authorization", "Bearer "+s.token)
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				answered <- answer{err: err}
				return
			}
			_, err = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
			answered <- answer{res.StatusCode, err}
		}()
		waitFor(t, "the request to arrive", func() bool { return len(w.holders()) > 0 })
		ended := make(chan int)
		go func() {
			if patient {
				ended <- s.stop()
				return
			}
			_ = s.cmd.Process.Signal(syscall.SIGTERM)
			waitFor(t, "the listener to close", func() bool {
				c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
				if err == nil {
					_ = c.Close()
				}
				return err != nil
			})
			ended <- s.stop()
		}()
		got := <-answered
		if ok := got.err == nil && got.status == 200; ok != patient {
			t.Errorf("patient %v: %+v", patient, got)
		}
		if code := <-ended; code != 0 {
			t.Errorf("patient %v: exit code %d: %s", patient, code, s.errs)
		}
	}
}

// waitFor looks until something is so.
func waitFor(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if so() {
			return
		}
	}
	t.Errorf("waited in vain for %s", what)
}
