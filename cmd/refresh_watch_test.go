//go:build unix

package cmd

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/internal/fakeprovider"
)

func TestRefreshWatchOptions(t *testing.T) {
	t.Parallel()
	for _, args := range []string{
		"--watch --all", "--watch --force", "--interval 1m", "--buffer 1m", "--watch --interval 1s", "--watch --buffer 59s",
	} {
		err := parse(t, newRefreshCmd(&Factory{}, nil), strings.Fields(args)...)
		if exitCode(err) != exitUsage {
			t.Errorf("%s: %v", args, err)
		}
	}
}

// watcher is a `kyoli refresh --watch --json` as a real process.
type watcher struct {
	t   *testing.T
	cmd *exec.Cmd
	out *bufio.Reader
}

func (w *execWorld) watcher(args ...string) *watcher {
	w.t.Helper()
	cmd := w.command(append([]string{"refresh", "--watch", "--json"}, args...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return &watcher{t: w.t, cmd: cmd, out: bufio.NewReader(out)}
}

// row is the next line; false = the end.
func (w *watcher) row() (watchRow, bool) {
	w.t.Helper()
	line, err := w.out.ReadString('\n')
	if err == io.EOF {
		return watchRow{}, false
	}
	var row watchRow
	if err := json.Unmarshal([]byte(line), &row); err != nil {
		w.t.Fatalf("%q: %v", line, err)
	}
	return row, true
}

// running tells whether the process is past its start: it takes signals itself.
func (w *watcher) running() bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", w.cmd.Process.Pid))
	if err != nil {
		return os.IsNotExist(err) // no /proc here: the start is not waited for
	}
	_, caught, _ := strings.Cut(string(status), "SigCgt:")
	mask, err := strconv.ParseUint(strings.Fields(caught)[0], 16, 64)
	return err == nil && mask&(1<<(syscall.SIGTERM-1)) != 0
}

// Two that watch the same accounts make one request for each, and both end with
// the signal that they are sent.
func TestWatchersMakeOneRequest(t *testing.T) {
	t.Parallel()
	w := newExecWorld(t, "a", "b", "off")
	for i := range 3 {
		w.expire(i)
	}
	w.set(2, "enabled", false)
	spent := []string{w.refreshToken(0), w.refreshToken(1)}
	answers := make(chan struct{})
	w.provider.Behave(fakeprovider.Behaviour{Endpoint: "token", Until: answers, Times: 2})
	watchers := []*watcher{w.watcher(), w.watcher("--interval", "30s", "--buffer", "1m")}
	eventually(t, "both token requests", func() bool { return w.provider.Waiting("token") == 2 })
	// Both look after what is there before the first has its answers.
	eventually(t, "both watchers", func() bool {
		return w.provider.Waiting("token") == 2 && watchers[0].running() && watchers[1].running()
	})
	close(answers)
	stored := func() bool { return w.refreshToken(0) != spent[0] && w.refreshToken(1) != spent[1] }
	eventually(t, "both tokens in the file", stored)
	ends := []syscall.Signal{syscall.SIGTERM, syscall.SIGINT}
	seen := map[string]int{}
	for i, one := range watchers {
		if err := one.cmd.Process.Signal(ends[i]); err != nil {
			t.Fatal(err)
		}
		for row, ok := one.row(); ok; row, ok = one.row() {
			if row.Error != "" || row.At == "" || row.Expires == "" {
				t.Errorf("%+v", row)
			}
			seen[row.Account+" "+row.Result]++
		}
		if _ = one.cmd.Wait(); one.cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() != ends[i] {
			t.Errorf("watcher %d ended with %v", i, one.cmd.ProcessState)
		}
	}
	if n := w.tokenRequests(); n != 2 || seen["a refreshed"] != 1 || seen["b refreshed"] != 1 {
		t.Errorf("%d requests, %v", n, seen)
	}
}

// A refresh that has been sent when the watch is ended is on the disk before it
// ends, and told, also where the provider takes longer than kyoli leaves other
// commands.
func TestWatchEndsAfterTheRefreshUnderWay(t *testing.T) {
	t.Parallel()
	w := newExecWorld(t, "a")
	w.expire(0)
	spent := w.refreshToken(0)
	answer := make(chan struct{})
	w.provider.Behave(fakeprovider.Behaviour{Endpoint: "token", Until: answer})
	one := w.watcher()
	eventually(t, "a token request", func() bool { return w.provider.Waiting("token") == 1 })
	if err := one.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(windDown+windDown/2, func() { close(answer) })
	if row, ok := one.row(); !ok || row.Account != "a" || row.Result != "refreshed" {
		t.Errorf("the last line is %+v, %v", row, ok)
	}
	if _ = one.cmd.Wait(); one.cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
		t.Errorf("it ended with %v", one.cmd.ProcessState)
	}
	if now := w.refreshToken(0); now == spent || w.tokenRequests() != 1 {
		t.Errorf("%d requests, the token is still the spent one: %v", w.tokenRequests(), now == spent)
	}
}

// The command lines of docs/refresh.md are ones that kyoli takes.
func TestRefreshDocs(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "docs", "refresh.md"))
	if err != nil {
		t.Fatal(err)
	}
	unit := regexp.MustCompile(`(?m)^ExecStart=\S*/kyoli (.*)$`).FindSubmatch(page)
	plist := regexp.MustCompile(`(?s)<array>(.*?)</array>`).FindSubmatch(page)
	if unit == nil || plist == nil {
		t.Fatal("no unit, or no plist")
	}
	var words []string
	for _, m := range regexp.MustCompile(`<string>(.*?)</string>`).FindAllSubmatch(plist[1], -1) {
		words = append(words, string(m[1]))
	}
	for _, args := range [][]string{strings.Fields(string(unit[1])), words[1:]} {
		cmd, rest, err := newRootCmd(&Factory{}).Find(args)
		if err != nil || cmd.Name() != "refresh" {
			t.Fatalf("%q: %v", args, err)
		}
		if err := cmd.ParseFlags(rest); err != nil || !cmd.Flags().Changed("watch") {
			t.Errorf("%q: %v", args, err)
		}
	}
}
