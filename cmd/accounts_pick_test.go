//go:build unix

package cmd

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestPickOptions(t *testing.T) {
	t.Parallel()
	wantOptions(t, newAccountsPickCmd, &accountsPickOptions{})
	wantOptions(t, newAccountsPickCmd, &accountsPickOptions{Explain: true, Wish: wish{
		Account: "a", Session: "k", Strategy: "sticky", Exclusive: true,
	}}, "--explain", "--account", "a", "--session", "k", "--strategy", "sticky", "--exclusive")
	wantOptions(t, newAccountsPickCmd, &accountsPickOptions{Wish: wish{Pool: "p", Strategy: "hybrid"}}, "--pool", "p", "--strategy", "hybrid")
	wantOptions(t, newAccountsPickCmd, &accountsPickOptions{Wish: wish{Chain: "c"}}, "--chain", "c")
	wantOptions(t, newAccountsPickCmd, nil, "--account", "a", "--chain", "c")
	wantOptions(t, newAccountsPickCmd, nil, "--strategy", "best")
	wantOptions(t, newAccountsPickCmd, nil, "work")
}

const pickAccounts = `{"version":1,"activeAccountUuid":"2222bbbb","accounts":[
{"uuid":"1111aaaa","label":"work","planTier":"","refreshToken":"r1","accessToken":"a1","expiresAt":4102444800000,"addedAt":1,"lastUsed":1,"enabled":true,
 "cachedUsage":{"five_hour":{"utilization":20,"resets_at":null}}},
{"uuid":"2222bbbb","label":"home","planTier":"","refreshToken":"r2","accessToken":"a2","expiresAt":4102444800000,"addedAt":1,"lastUsed":1,"enabled":true},
{"uuid":"3333cccc","label":"spare","planTier":"","refreshToken":"r3","accessToken":"a3","expiresAt":4102444800000,"addedAt":1,"lastUsed":1,"enabled":false}]}`

func TestPickShows(t *testing.T) {
	t.Parallel()
	r := newSettingsRun(t, "")
	r.write("openai-multi-account-accounts.json", pickAccounts)
	if out := r.ok("accounts", "pick"); !strings.HasPrefix(out, "home\t") || !strings.HasSuffix(out, "\t2222bbbb\n") || strings.Count(out, "\n") != 1 {
		t.Errorf("got %q", out)
	}
	// 360 + 250 + 60 = 670 leads 157.5 + 250 + 60 + 120 = 587.5 by more than 40.
	want := "chosen\twork\tready\t0\t670\t360\t0\t250\t60\t0\t0\tleads the active account by 82.5\t1111aaaa\n" +
		"\thome\tready\t0\t587.5\t157.5\t0\t250\t60\t120\t0\thas a lower score\t2222bbbb\n" +
		"\tspare\tdisabled\t0\t467.5\t157.5\t0\t250\t60\t0\t0\tdisabled\t3333cccc\n"
	if out := r.ok("accounts", "pick", "--explain", "--strategy", "hybrid"); out != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
	var row struct {
		UUID, Strategy, Why, Status string
		Usable                      bool
		Candidates                  []struct {
			UUID, Why string
			Chosen    bool
			Score     struct{ Total float64 }
		}
	}
	out := r.ok("accounts", "pick", "--explain", "--json")
	if err := json.Unmarshal([]byte(out), &row); err != nil {
		t.Fatal(err)
	}
	if row.UUID != "2222bbbb" || row.Strategy != "sticky" || row.Why != "the active account" || !row.Usable || len(row.Candidates) != 3 ||
		!row.Candidates[1].Chosen || row.Candidates[0].Score.Total != 670 || row.Candidates[2].Why != "disabled" {
		t.Errorf("%+v", row)
	}
	if strings.Contains(out, `"a1"`) || strings.Contains(out, `"r1"`) {
		t.Error("it shows a token")
	}
	if out := r.ok("accounts", "pick", "--json"); strings.Contains(out, "candidates") {
		t.Errorf("got %s", out)
	}
}

// Where none can be had, the explanation comes before the error.
func TestPickExplainsWhyThereIsNone(t *testing.T) {
	t.Parallel()
	r := newSettingsRun(t, "")
	r.write("openai-multi-account-accounts.json", strings.ReplaceAll(pickAccounts, `"enabled":true`, `"enabled":false`))
	code, out, _ := r.run("accounts", "pick")
	if code != exitNoUsable || out != "" {
		t.Errorf("exit %d, %q", code, out)
	}
	code, out, errs := r.run("accounts", "pick", "--explain")
	if code != exitNoUsable || strings.Count(out, "\tdisabled\t") != 6 || !strings.Contains(errs, "3 disabled") {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
	code, out, _ = r.run("accounts", "pick", "--explain", "--json")
	var row map[string]any
	if err := json.Unmarshal([]byte(out), &row); err != nil || code != exitNoUsable || len(row) != 2 || row["uuid"] != nil {
		t.Errorf("exit %d, %q, %v", code, out, err)
	}
}

// files are all files of a directory and their contents.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, path := range filesWith(t, dir, "") {
		data, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil {
			t.Fatal(err)
		}
		found[path] = string(data)
	}
	return found
}

// What pick shows is what exec then takes, whatever is in the files, and picking changes none of them.
func TestPickAgreesWithExec(t *testing.T) {
	t.Parallel()
	const stores, rounds = 6, 3
	for i := range stores {
		r := rand.New(rand.NewPCG(uint64(i), 1))
		w := newExecWorld(t, "a", "b", "c", "d", "e")
		for j, login := range w.logins {
			login["enabled"] = r.IntN(5) > 0
			if r.IntN(4) == 0 {
				login["rateLimitResetAt"] = time.Now().Add(time.Hour).UnixMilli()
			}
			if r.IntN(2) == 0 {
				login["cachedUsage"] = map[string]any{
					"five_hour": map[string]any{"utilization": r.IntN(100), "resets_at": time.Now().Add(time.Duration(1+r.IntN(4)) * time.Hour).Format(time.RFC3339)},
				}
			}
			if r.IntN(3) == 0 {
				w.expire(j)
			}
		}
		w.save()
		w.mustRun("config", "set", "proactive_refresh", "false") // else exec renews the others meanwhile
		w.write("config/multiauth-pools.json", `{"pools":[{"name":"p","baseProvider":"openai","members":["`+
			uuidOf(w, r.IntN(5))+`","`+uuidOf(w, r.IntN(5))+`"],"enabled":true}],
			"chains":[{"name":"c","entries":[{"pool":"p","enabled":true}],"enabled":true}]}`)
		var holding []*session
		for range rounds {
			flags := [][]string{
				{},
				{"--strategy", "hybrid"},
				{"--strategy", "round-robin"},
				{"--session", "k"},
				{"--exclusive"},
				{"--pool", "p"},
				{"--chain", "c"},
				{"--account", "b"},
			}[r.IntN(8)]
			before := files(t, w.path("config"))
			code, out, perrs := w.run(append([]string{"accounts", "pick", "--json"}, flags...)...)
			if after := files(t, w.path("config")); fmt.Sprint(before) != fmt.Sprint(after) {
				t.Errorf("%v: picking changed a file", flags)
			}
			var picked struct{ Label string } // the uuid may become another one with a new token
			if err := json.Unmarshal([]byte(out), &picked); code == 0 && err != nil {
				t.Fatal(err)
			}
			s := w.startExec(flags, "sh", "-c", `echo "$KYOLI_ACCOUNT_LABEL"; read x`)
			got := s.line()
			if got != picked.Label {
				t.Errorf("store %d, %v: picked %q (exit %d, %s), exec took %q", i, flags, picked.Label, code, perrs, got)
			}
			if got == "" {
				if c := s.finish(); c != code {
					t.Errorf("store %d, %v: pick exits with %d, exec with %d", i, flags, code, c)
				}
				continue
			}
			holding = append(holding, s)
		}
		for _, s := range holding {
			if code := s.finish(); code != 1 { // read meets the end of stdin
				t.Errorf("exit code %d: %s", code, s.errs.String())
			}
		}
	}
}

func uuidOf(w *execWorld, i int) string { return w.logins[i]["uuid"].(string) }
