package claims

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/internal/procid"
)

// helperVar makes the test binary another program; its value is an order as JSON.
const helperVar = "KYOLI_CLAIMS_HELPER"

type order struct {
	Do       string
	Accounts string // the account file
	UUIDs    []string
	ID       string
	Times    int
	Millis   int
}

func TestMain(m *testing.M) {
	text := os.Getenv(helperVar)
	if text == "" {
		os.Exit(m.Run())
	}
	var o order
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		panic(err)
	}
	in := bufio.NewReader(os.Stdin)
	fmt.Println("ready")
	if o.Do == "linger" {
		time.Sleep(2 * time.Minute) // whatever becomes of its parent; the test kills it
		os.Exit(1)
	}
	if _, err := in.ReadString('\n'); err != nil {
		os.Exit(0) // the test ended
	}
	if err := helpers[o.Do](o, in); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

var helpers = map[string]func(order, *bufio.Reader) error{
	"claim":     helpClaim,
	"rounds":    helpRounds,
	"supervise": helpSupervise,
	"wait":      helpWait,
	"churn":     helpChurn,
	"plugin":    helpPlugin,
}

func untilEOF(in *bufio.Reader) error {
	_, err := io.Copy(io.Discard, in)
	return err
}

// helpClaim takes the first free account, says which, and releases it at the end of stdin.
func helpClaim(o order, in *bufio.Reader) error {
	c, err := Open(o.Accounts, Options{}).Select(bg, Holder{ID: o.ID}, firstFree(o.UUIDs, o.ID, false))
	if err != nil {
		return err
	}
	fmt.Println(c.UUID)
	if err := untilEOF(in); err != nil {
		return err
	}
	return c.Release(bg)
}

// helpRounds claims the first free account and releases it, each when it is told to.
func helpRounds(o order, in *bufio.Reader) error {
	s := Open(o.Accounts, Options{})
	for {
		c, err := s.Select(bg, Holder{ID: o.ID}, firstFree(o.UUIDs, o.ID, false))
		if err != nil {
			return err
		}
		fmt.Println(c.UUID)
		if _, err := in.ReadString('\n'); err != nil {
			return err
		}
		if err := c.Release(bg); err != nil {
			return err
		}
		fmt.Println("released")
		if _, err := in.ReadString('\n'); err != nil {
			return nil // that was all
		}
	}
}

// helpSupervise claims an account for a child, says the child's PID, and waits for it.
func helpSupervise(o order, _ *bufio.Reader) error {
	c, err := Open(o.Accounts, Options{}).Select(bg, Holder{ID: o.ID, Command: "child"}, firstFree(o.UUIDs, o.ID, false))
	if err != nil {
		return err
	}
	child, err := startHelper(order{Do: "linger"})
	if err != nil {
		return err
	}
	p, err := procid.Of(child.cmd.Process.Pid)
	if err != nil {
		return err
	}
	if err := c.Transfer(bg, p); err != nil {
		return err
	}
	fmt.Println(p.PID)
	return child.cmd.Wait()
}

// helpWait waits for an account for itself, says when it got which, and keeps it until stdin ends and
// then for a while.
func helpWait(o order, in *bufio.Reader) error {
	c, err := Open(o.Accounts, Options{}).Wait(bg, Holder{ID: o.ID, Exclusive: true}, firstFree(o.UUIDs, o.ID, true), nil)
	if err != nil {
		return err
	}
	fmt.Println("got", c.UUID, time.Now().UnixNano())
	if err := untilEOF(in); err != nil {
		return err
	}
	time.Sleep(time.Duration(o.Millis) * time.Millisecond)
	fmt.Println("gave", c.UUID, time.Now().UnixNano())
	return c.Release(bg)
}

// helpChurn claims and releases over and over.
func helpChurn(o order, _ *bufio.Reader) error {
	s := Open(o.Accounts, Options{})
	for i := range o.Times {
		c, err := s.Select(bg, Holder{ID: o.ID}, pick(o.UUIDs[i%len(o.UUIDs)]))
		if err != nil {
			return err
		}
		if err := c.Heartbeat(bg); err != nil {
			return err
		}
		if err := c.Release(bg); err != nil {
			return err
		}
	}
	return nil
}

// helpPlugin writes its entry over and over as the npm plugin does, following nothing but the
// plugin's directory lock, and fails when its entry of the round before is gone.
func helpPlugin(o order, _ *bufio.Reader) error {
	path := strings.TrimSuffix(o.Accounts, "-accounts.json") + "-claims.json"
	for i := range o.Times {
		if err := pluginLock(path); err != nil {
			return err
		}
		err := pluginRound(path, o.ID, i)
		if rerr := os.Remove(path + ".lock"); err == nil {
			err = rerr
		}
		if err != nil {
			return fmt.Errorf("round %d: %w", i, err)
		}
	}
	return nil
}

func pluginLock(path string) error {
	for deadline := time.Now().Add(30 * time.Second); ; {
		err := os.Mkdir(path+".lock", 0o700)
		if err == nil || !errors.Is(err, os.ErrExist) || time.Now().After(deadline) {
			return err
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func pluginRound(path, uuid string, i int) error {
	all := map[string]pluginEntry{}
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, &all)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if i > 0 && all[uuid].PID != os.Getpid() {
		return errors.New("the entry was lost")
	}
	all[uuid] = pluginEntry{PID: os.Getpid(), At: time.Now().UnixMilli()}
	b, _ = json.MarshalIndent(pluginJSON(all), "", "  ")
	temp := path + "." + uuid + ".tmp"
	if err := os.WriteFile(temp, b, 0o600); err != nil {
		return err
	}
	return os.Rename(temp, path)
}

func pluginJSON(all map[string]pluginEntry) map[string]map[string]int64 {
	m := map[string]map[string]int64{}
	for uuid, e := range all {
		m[uuid] = map[string]int64{"pid": int64(e.PID), "at": e.At}
	}
	return m
}

// helperProc is the test binary at work as another program.
type helperProc struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func startHelper(o order) (*helperProc, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	h := &helperProc{cmd: exec.Command(exe)}
	h.cmd.Env = append(os.Environ(), helperVar+"="+string(text), "GORACE=atexit_sleep_ms=0")
	h.cmd.Stderr = os.Stderr
	if h.in, err = h.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := h.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	h.out = bufio.NewReader(out)
	if err := h.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := h.out.ReadString('\n')
	if err == nil && line != "ready\n" {
		err = fmt.Errorf("helper says %q", line)
	}
	return h, err
}

// spawn starts a helper that waits for its go, and ends it with the test.
func spawn(t *testing.T, o order) *helperProc {
	t.Helper()
	h, err := startHelper(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.in.Close(); _ = h.cmd.Process.Kill(); _ = h.cmd.Wait() })
	return h
}

func (h *helperProc) start(t *testing.T) {
	t.Helper()
	if _, err := io.WriteString(h.in, "go\n"); err != nil {
		t.Fatal(err)
	}
}

// line reads one line of what the helper says.
func (h *helperProc) line(t *testing.T) string {
	t.Helper()
	s, err := h.out.ReadString('\n')
	if err != nil {
		t.Fatalf("helper: %v (%q)", err, s)
	}
	if strings.HasPrefix(s, "error:") {
		t.Fatal(s)
	}
	return strings.TrimSpace(s)
}

// finish waits for the helper's own end.
func (h *helperProc) finish(t *testing.T) {
	t.Helper()
	_ = h.in.Close()
	rest, _ := io.ReadAll(h.out)
	if err := h.cmd.Wait(); err != nil {
		t.Errorf("helper: %v %s", err, rest)
	}
}

func (h *helperProc) kill() {
	_ = h.cmd.Process.Kill()
	_ = h.cmd.Wait()
}

func accountFile(t *testing.T) string {
	return filepath.Join(t.TempDir(), "openai-multi-account-accounts.json")
}

func uuids(n int) []string {
	u := make([]string, n)
	for i := range u {
		u[i] = fmt.Sprintf("account-%02d", i)
	}
	return u
}

func realView(t *testing.T, accounts string) View {
	t.Helper()
	v, err := Open(accounts, Options{}).View(context.Background())
	must(t, err)
	return v
}
