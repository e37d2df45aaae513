package cmd

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/migrate"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// asked begins to renew the token of an account, as a kyoli that dies after sending, or with an answer.
func (w *doctorWorld) asked(uuid, answer string) {
	w.t.Helper()
	l, err := store.Open(w.path(openaiFile), store.Options{}).Lease(w.t.Context(), uuid)
	w.check(err)
	r, err := l.Begin(w.t.Context())
	w.check(err)
	w.check(r.Ready())
	if answer != "" {
		w.check(r.Answered(http.StatusOK, []byte(answer)))
	}
	w.check(l.Release())
}

const renewedAnswer = `{"access_token":"at-secret-new","refresh_token":"rt-secret-new","expires_in":3600}`

func TestDoctorAndTheJournal(t *testing.T) {
	t.Parallel()
	w := newDoctorWorld(t)
	w.fill(openaiFile, w.entry("a", nil), w.entry("b", nil))
	before := w.read(openaiFile)
	w.asked("uuid-a", renewedAnswer)
	w.asked("uuid-b", "")
	_, found := w.examine()
	w.wants("cut short", sortedFindings(found), "warning journal-open", "warning journal-pending")
	if found[0].Account != "uuid-b" || found[0].Fix != "kyoli refresh --force uuid-b --provider openai" {
		t.Errorf("without an answer: %+v", found[0])
	}
	_, found = w.examine("--fix")
	w.wants("mended", sortedFindings(found), "fixed journal-pending", "warning journal-open")
	if a := w.accounts(openaiFile).Get("uuid-a"); a.RefreshToken != "rt-secret-new" {
		t.Error("the answer is not in the accounts")
	}
	w.write(openaiFile, before) // a program that was asleep, with what it had read before
	_, found = w.examine()
	w.wants("overwritten", sortedFindings(found), "warning journal-open", "warning journal-pending")
	w.examine("--fix")
	if a := w.accounts(openaiFile).Get("uuid-a"); a.RefreshToken != "rt-secret-new" {
		t.Error("the newest token is not in the accounts")
	}
	w.asked("uuid-b", "") // once more, and no answer again
	_, found = w.examine()
	w.wants("spent", sortedFindings(found), "warning journal-open", "warning journal-open", "warning login-needed")
}

// An account file that is damaged in the midst of a refresh comes back with the answer in it.
func TestDoctorRestoresTheNewestToken(t *testing.T) {
	t.Parallel()
	w := newDoctorWorld(t)
	w.fill(openaiFile, w.entry("a", nil))
	w.asked("uuid-a", renewedAnswer)
	w.rename(openaiFile, openaiFile+".last-good")
	w.write(openaiFile, "")
	_, found := w.examine()
	w.wants("damaged", found, "error accounts-damaged", "note journal-pending")
	code, found := w.examine("--fix")
	w.wants("mended", found, "fixed accounts-damaged", "note backup-kept")
	if a := w.accounts(openaiFile).Get("uuid-a"); a.RefreshToken != "rt-secret-new" || code != exitOK {
		t.Errorf("the newest token is not in the accounts, exit %d", code)
	}
}

func TestDoctorAndAuthJSON(t *testing.T) {
	t.Parallel()
	w := newDoctorWorld(t)
	w.fill(openaiFile, w.entry("a", nil))
	for _, tt := range []struct {
		content string
		want    []string
	}{
		{fmt.Sprintf(`{"openai":{"type":"oauth","refresh":"rt-secret-a","access":"at-secret-a","expires":%d}}`, w.ms(2*time.Hour)), []string{}},
		{fmt.Sprintf(`{"openai":{"type":"oauth","refresh":"rt-secret-a","access":"at-secret-x","expires":%d}}`, w.ms(time.Hour)), []string{"warning authjson-outdated"}},
		{fmt.Sprintf(`{"openai":{"type":"oauth","refresh":"rt-secret-a","access":"at-secret-x","expires":%d}}`, w.ms(9*time.Hour)), []string{"warning authjson-newer"}},
		{`{"openai":`, []string{"warning authjson-damaged"}},
	} {
		w.auth(tt.content)
		_, found := w.examine("--fix")
		w.wants(tt.content, found, tt.want...)
	}
}

func TestDoctorAndVaults(t *testing.T) {
	t.Parallel()
	w := newDoctorWorld(t)
	w.fill(openaiFile, w.entry("a", nil))
	w.auth(`{"mistral":{"type":"oauth","refresh":"m-r","access":"m-a","expires":1}}`)
	state := w.path(".local/state/kyoli")
	_, _, _, err := migrate.OpenVault(state, w.path(".local/share/opencode/auth.json")).Begin(t.Context(), migrate.RunInfo{Key: "openai", Access: "at-secret-a", Expires: 1})
	w.check(err)
	_, found := w.examine()
	w.wants("a living run", found)
	vaults, err := filepath.Glob(filepath.Join(state, "vault", "*.json"))
	if err != nil || len(vaults) != 1 {
		t.Fatalf("%q, %v", vaults, err)
	}
	vault, err := os.ReadFile(vaults[0])
	w.check(err)
	dead := regexp.MustCompile(fmt.Sprintf(`"PID": %d\b`, os.Getpid())).ReplaceAll(vault, []byte(`"PID": 99999999`))
	w.check(os.WriteFile(vaults[0], dead, 0o600))
	_, found = w.examine()
	w.wants("a dead run", found, "warning vault-left")
	_, found = w.examine("--fix")
	w.wants("mended", found, "fixed vault-left")
	if _, err := os.Stat(vaults[0]); !os.IsNotExist(err) {
		t.Errorf("the vault is still there: %v", err)
	}
	w.check(os.MkdirAll(filepath.Dir(vaults[0]), 0o700))
	w.check(os.WriteFile(vaults[0], []byte("{"), 0o600))
	_, found = w.examine("--fix")
	w.wants("damaged", found, "error vault-damaged")
}

func TestDoctorOnline(t *testing.T) {
	t.Parallel()
	w := newDoctorWorld(t)
	w.fill(openaiFile, w.entry("a", nil))
	var ahead time.Duration
	endpoint := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" || r.ContentLength > 0 {
			t.Errorf("a credential was sent: %v", r.Header)
		}
		rw.Header().Set("Date", time.Now().Add(ahead).UTC().Format(http.TimeFormat))
	}))
	defer endpoint.Close()
	w.write("kyoli.yaml", "adapters:\n  openai: { token_url: \""+endpoint.URL+"\" }\n")
	for _, tt := range []struct {
		ahead time.Duration
		want  []string
		says  string
	}{
		{0, []string{}, ""},
		{20 * time.Minute, []string{"warning clock-skew"}, "behind that of openai"},
		{-20 * time.Minute, []string{"warning clock-skew"}, "ahead of that of openai"},
	} {
		ahead = tt.ahead
		_, found := w.examine("--online", "--provider", "openai")
		w.wants(tt.ahead.String(), found, tt.want...)
		if len(found) > 0 && !strings.Contains(found[0].Message, tt.says) {
			t.Errorf("%s: %s", tt.ahead, found[0].Message)
		}
	}
	endpoint.Close()
	_, found := w.examine("--online", "--provider", "openai")
	w.wants("nobody there", found, "warning endpoint-unreachable")
	_, found = w.examine("--provider", "openai")
	w.wants("without --online", found)
}

func TestDoctorAndDirectories(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no modes")
	}
	w := newDoctorWorld(t)
	w.fill(openaiFile, w.entry("a", nil))
	w.check(os.Chmod(w.dir, 0o500))
	t.Cleanup(func() { _ = os.Chmod(w.dir, 0o700) })
	code, found := w.examine("--fix")
	w.wants("read-only", found, "error dir-readonly")
	if code != exitGeneral || !strings.HasPrefix(found[0].Fix, "chmod u+rwx ") {
		t.Errorf("exit %d, %+v", code, found)
	}
	w.check(os.Chmod(w.dir, 0o700))
	code, found = w.examine("--fix", "--config-dir", w.path(openaiFile))
	if code != exitGeneral || !slices.Contains(said(found), "error dir-blocked") {
		t.Errorf("a file for a directory: exit %d, %q", code, said(found))
	}
}

// What belongs to another user is left alone, whoever asks.
func TestDoctorAndOwners(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" || os.Geteuid() != 0 {
		t.Skip("only root can give a file to another user")
	}
	w := newDoctorWorld(t)
	w.fill(openaiFile, w.entry("a", nil))
	w.check(os.Chmod(w.path(openaiFile), 0o644))
	w.check(os.Chown(w.path(openaiFile), 4321, 4321))
	code, found := w.examine("--fix")
	w.wants("a foreign file", found, "error owner-foreign")
	if code != exitGeneral || found[0].Fix != "sudo chown 0 "+w.path(openaiFile) {
		t.Errorf("exit %d, %+v", code, found)
	}
	if info, err := os.Stat(w.path(openaiFile)); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("it was changed: %v, %v", info.Mode(), err)
	}
}

// For people: a paragraph each, commands whole however narrow the terminal is, and what was done.
func TestDoctorForPeople(t *testing.T) {
	t.Parallel()
	w := newDoctorWorld(t)
	w.tty = true
	w.fill(openaiFile, w.entry("a", fields{"isAuthDisabled": true, "authDisabledReason": "\x1b[31mrevoked\u202e"}))
	w.rename(openaiFile, openaiFile+".last-good")
	w.write(openaiFile, "{")
	code, stdout, stderr := w.run("doctor", "--fix")
	for _, want := range []string{
		"fixed accounts-damaged: " + w.path(openaiFile) + "\n  is damaged: the document ends too early at byte 1\n  why: ",
		"\n  done: restored 1 account; the damaged content is in " + w.path(openaiFile) + ".damaged-",
		"warning login-needed: ", "\n  a needs a new login: revoked\n", "\n  fix: kyoli login openai --account uuid-a\n",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("%q is not in\n%s", want, stdout)
		}
	}
	if code != exitGeneral || strings.ContainsAny(stdout, "\x1b\u202e") || !strings.HasPrefix(stderr, "1 mended, 1 warning, ") {
		t.Errorf("exit %d, %q, %q", code, stdout, stderr)
	}
	_, stdout, _ = w.run("doctor", "--json")
	var rows []map[string]any
	if err := json.Unmarshal([]byte(stdout), &rows); err != nil || rows[0]["fixed"] != false {
		t.Errorf("%v: %s", err, stdout)
	}
}
