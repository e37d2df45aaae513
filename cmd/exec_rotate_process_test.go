//go:build unix

package cmd

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/creack/pty"

	"github.com/kyoli-gam/kyoli/internal/fakeprovider"
)

// openCodeHas writes an OAuth login into OpenCode's auth.json.
func (w *execWorld) openCodeHas(refresh string, expires int64) {
	w.t.Helper()
	w.write("data/opencode/auth.json", fmt.Sprintf(`{"openai":{"type":"oauth","refresh":%q,"access":"at","expires":%d},"mistral":{"type":"api","key":"k"}}`, refresh, expires))
}

// TestRotatingOpenCodeKeepsItsLogin: OpenCode's own login stays its own, is brought up to date where
// kyoli has spent its token, and is renewed where it has expired; nothing is lent.
func TestRotatingOpenCodeKeepsItsLogin(t *testing.T) {
	t.Parallel()
	show := []string{"exec", "--rotate", "--as", "opencode", "--", "sh", "-c", `cat "$XDG_DATA_HOME/opencode/auth.json"; env`}
	for name, prepare := range map[string]func(*execWorld) (dead string){
		"spent by kyoli": func(w *execWorld) string {
			old := w.refreshToken(1)
			w.mustRun("refresh", "--force", "home")
			w.openCodeHas(old, 1)
			return old
		},
		"expired": func(w *execWorld) string {
			w.expire(1)
			old := w.refreshToken(1)
			w.openCodeHas(old, 1)
			return old
		},
	} {
		w := newExecWorld(t, "work", "home")
		dead := prepare(w)
		out := w.mustRun(show...)
		if strings.Contains(out, dead) || !strings.Contains(out, w.refreshToken(1)) || !strings.Contains(out, `"mistral"`) {
			t.Errorf("%s: OpenCode has\n%s", name, out)
		}
		if strings.Contains(out, "OPENCODE_AUTH_CONTENT=") || !strings.Contains(out, "OPENCODE_CONFIG_CONTENT=") {
			t.Errorf("%s: environment\n%s", name, out)
		}
		if n := w.tokenRequests(); n != 1 {
			t.Errorf("%s: %d token requests", name, n)
		}
	}
	w := newExecWorld(t, "work")
	w.openCodeHas("somebody-else's", 1)
	if out := w.mustRun(show...); !strings.Contains(out, "somebody-else's") || strings.Contains(out, "OPENCODE_AUTH_CONTENT=") {
		t.Errorf("another login: %s", out)
	}
	w.write("data/opencode/auth.json", "{")
	if code, _, errs := w.run(show...); code == 0 || !strings.Contains(errs, "auth.json") {
		t.Errorf("damaged: exit %d, %s", code, errs)
	}
}

// shownOnTerminal runs kyoli on a terminal of its own and returns what that shows.
func (w *execWorld) shownOnTerminal(args ...string) string {
	w.t.Helper()
	cmd := w.command(args...)
	terminal, err := pty.Start(cmd)
	if err != nil {
		w.t.Fatal(err)
	}
	defer terminal.Close()
	shown, _ := io.ReadAll(terminal) // ends with EIO where the other end is closed
	if err := cmd.Wait(); err != nil {
		w.t.Errorf("%v: %s", err, shown)
	}
	return string(shown)
}

// playCaller is the argument that makes the test binary a program that calls the API.
const playCaller = "__caller"

func init() {
	if len(os.Args) == 2 && os.Args[1] == playCaller {
		req, err := http.NewRequest(http.MethodPost, os.Getenv("KYOLI_BASE_URL")+"/responses", strings.NewReader("{}"))
		if err != nil {
			panic(err)
		}
		req.Header.Set("Authorization", "Bearer "+os.Getenv("KYOLI_ACCESS_TOKEN"))
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			panic(err)
		}
		_, _ = io.Copy(os.Stdout, res.Body)
		os.Exit(0)
	}
}

// TestRotatingNotesWhereNobodyIsDisturbed: nothing that kyoli notes reaches a terminal that is the command's.
func TestRotatingNotesWhereNobodyIsDisturbed(t *testing.T) {
	t.Parallel()
	w := newExecWorld(t, "work", "home")
	w.provider.Behave(fakeprovider.Behaviour{Endpoint: "responses", Status: 429})
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	code, out, errs := w.run("exec", "--rotate", "--", exe, playCaller)
	if code != 0 || !strings.Contains(out, "hello from home@example.com") || !strings.Contains(errs, "account work: 429") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	w = newExecWorld(t, "work", "home")
	w.provider.Behave(fakeprovider.Behaviour{Endpoint: "responses", Status: 429})
	shown := w.shownOnTerminal("exec", "--rotate", "--", exe, playCaller)
	if !strings.Contains(shown, "hello from home@example.com") || strings.Contains(shown, "account work") {
		t.Errorf("on a terminal: %s", shown)
	}
}
