package cmd

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func someLane() *lane {
	return &lane{
		token: "kyr_secret", expires: laneEnds,
		baseURL: "http://127.0.0.1:1/openai", secretURL: "http://127.0.0.1:1/kyr_secret/openai",
	}
}

// TestRotatingEnvironment: the run's secret stands in for the token everywhere, and nothing of the
// account's credential is left.
func TestRotatingEnvironment(t *testing.T) {
	e := &childEnv{adapter: builtin(t, "openai"), extra: []string{"MINE={{.AccessToken}}@{{.BaseURL}}"}, rotates: true, lane: someLane()}
	got, err := e.build([]string{"OPENAI_API_KEY=sk-mine", "OPENAI_BASE_URL=https://mine.example.com", "HTTP_PROXY=http://proxy:1", "NO_PROXY=a,b"}, someAccount())
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	want := []string{
		"HTTP_PROXY=http://proxy:1",
		"KYOLI_ACCESS_TOKEN=kyr_secret",
		"KYOLI_ACCOUNT=0b7e4d3c-1111-4222-8333-444455556666",
		"KYOLI_ACCOUNT_LABEL=work",
		"KYOLI_BASE_URL=http://127.0.0.1:1/openai",
		"KYOLI_EXPIRES_AT=2100-01-01T00:00:00Z",
		"KYOLI_PROVIDER=openai",
		"MINE=kyr_secret@http://127.0.0.1:1/openai",
		"NO_PROXY=a,b,127.0.0.1",
		"OPENAI_ACCESS_TOKEN=kyr_secret",
		"OPENAI_API_KEY=kyr_secret",
		"OPENAI_BASE_URL=http://127.0.0.1:1/openai",
		"no_proxy=127.0.0.1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if laneEndsMillis.Time().UTC().Format("2006-01-02T15:04:05Z07:00") != laneEnds {
		t.Error("the secret ends at two times")
	}
}

// TestOpenCodeConfig: what the user has stays, byte for byte.
func TestOpenCodeConfig(t *testing.T) {
	options := map[string]string{"baseURL": "http://127.0.0.1:1/s/openai", "apiKey": "s"}
	const own = `"options":{"apiKey":"s","baseURL":"http://127.0.0.1:1/s/openai"}`
	for name, tt := range map[string]struct{ inherited, want string }{
		"nothing":          {"", `{"provider":{"openai":{` + own + `}}}`},
		"blank":            {" ", `{"provider":{"openai":{` + own + `}}}`},
		"other settings":   {`{"theme":"x", "n": 1.0}`, `{"theme":"x", "n": 1.0, "provider": {"openai":{` + own + `}}}`},
		"another provider": {`{"provider":{"mistral":{"models":{}}}}`, `{"provider":{"mistral":{"models":{}},"openai":{` + own + `}}}`},
		"its own options":  {`{"provider":{"openai":{"options":{"timeout":1e3,"baseURL":"https://x"}}}}`, `{"provider":{"openai":{"options":{"timeout":1e3,"baseURL":"http://127.0.0.1:1/s/openai","apiKey":"s"}}}}`},
	} {
		got, err := openCodeConfig(tt.inherited, builtin(t, "openai"), options)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var one, two any
		if err := json.Unmarshal([]byte(got), &one); err != nil {
			t.Errorf("%s: %s: %v", name, got, err)
		}
		_ = json.Unmarshal([]byte(tt.want), &two)
		if diff := cmp.Diff(two, one); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		for _, kept := range []string{`"n": 1.0`, `"timeout":1e3`, `{"models":{}}`} {
			if strings.Contains(tt.inherited, kept) && !strings.Contains(got, kept) {
				t.Errorf("%s: %s", name, got)
			}
		}
	}
	for _, odd := range []string{"{", "[]", "null", `{"provider":5}`, `{"provider":{"openai":{"options":[]}}}`, `{"a":1,"a":2}`} {
		if got, err := openCodeConfig(odd, builtin(t, "openai"), options); err == nil || exitCode(err) != exitUsage || hintOf(err) == "" {
			t.Errorf("%s became %s, %v", odd, got, err)
		}
	}
}

func TestOpenCodeKeepsWhatEnvGives(t *testing.T) {
	e := &childEnv{adapter: builtin(t, "openai"), extra: []string{`OPENCODE_CONFIG_CONTENT={"theme":"mine"}`}, opencode: true, rotates: true, lane: someLane()}
	got, err := e.build([]string{`OPENCODE_CONFIG_CONTENT={"theme":"inherited"}`}, someAccount())
	if err != nil {
		t.Fatal(err)
	}
	config := valueIn(got, "OPENCODE_CONFIG_CONTENT")
	if !strings.Contains(config, `"mine"`) || !strings.Contains(config, "http://127.0.0.1:1/kyr_secret/openai") || strings.Contains(config, "inherited") {
		t.Error(config)
	}
}
