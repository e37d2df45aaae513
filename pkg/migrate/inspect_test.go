package migrate

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

func TestCompare(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "openai-multi-account-accounts.json")
	accounts := `{"version":1,"accounts":[{"uuid":"u-1","label":"work","email":"w@x","refreshToken":"rt-2","accessToken":"at-2","expiresAt":2000,"addedAt":1,"lastUsed":1}]}`
	if err := os.WriteFile(file, []byte(accounts), 0o600); err != nil {
		t.Fatal(err)
	}
	identify := func(access store.Secret) Identity {
		if strings.HasPrefix(access.Reveal(), "at-") {
			return Identity{Email: "w@x"}
		}
		return Identity{Email: "other@x"}
	}
	logins := []Login{{Provider: "openai", Key: "openai", Backend: store.Open(file, store.Options{}), Identify: identify}}
	for name, tt := range map[string]struct {
		auth string
		want Agreement
	}{
		"no file":    {"", AgreeNone},
		"no entry":   {`{"mistral":{"type":"api","key":"k"}}`, AgreeNone},
		"the same":   {`{"openai":` + oauthJSON("rt-2", "at-2", 2000) + `}`, AgreeSame},
		"newer":      {`{"openai":` + oauthJSON("rt-3", "at-3", 3000) + `}`, AgreeNewer},
		"outdated":   {`{"openai":` + oauthJSON("rt-1", "at-1", 1000) + `}`, AgreeOutdated},
		"foreign":    {`{"openai":` + oauthJSON("rt-9", "other", 9000) + `}`, AgreeForeign},
		"an API key": {`{"openai":{"type":"api","key":"k"}}`, AgreeForeign},
	} {
		t.Run(name, func(t *testing.T) {
			p := place(t, tt.auth)
			got, err := Compare(testContext(t), p, logins)
			if err != nil || len(got) != 1 || got[0].Agreement != tt.want || got[0].Provider != "openai" {
				t.Errorf("%+v, %v; want %s", got, err, tt.want)
			}
			if _, err := os.Stat(p.StateDir); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("looking made %s: %v", p.StateDir, err)
			}
		})
	}
}

// A file that OpenCode is writing is waited for, one that stays damaged is not.
func TestCompareWithATornFile(t *testing.T) {
	t.Parallel()
	p := place(t, `{"openai":`)
	start := time.Now()
	_, err := Compare(testContext(t), p, nil)
	var torn *AuthDamagedError
	if took := time.Since(start); !errors.As(err, &torn) || took < settleDamaged || took > 10*settleDamaged {
		t.Errorf("%v after %s", err, took)
	}
	p.want(t, `{"openai":`)
}

func TestVaults(t *testing.T) {
	t.Parallel()
	p := place(t, `{"openai":`+oauthJSON("rt", "at", 1)+`}`)
	if got, err := Vaults(p.StateDir); err != nil || got != nil {
		t.Errorf("none: %+v, %v", got, err)
	}
	v := OpenVault(p.StateDir, p.AuthPath)
	_, _, run, err := v.Begin(testContext(t), RunInfo{Key: "openai", Access: "at", Expires: 1})
	if err != nil {
		t.Fatal(err)
	}
	got, err := Vaults(p.StateDir)
	if err != nil || len(got) != 1 || got[0].Err != nil || got[0].Runs != 1 || !got[0].Attended || filepath.Base(got[0].Target) != "auth.json" {
		t.Errorf("one run: %+v, %v", got, err)
	}
	broken := filepath.Join(filepath.Dir(got[0].Path), "broken.json")
	if err := os.WriteFile(broken, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	var vault *VaultError
	if got, err = Vaults(p.StateDir); err != nil || len(got) != 2 || !errors.As(got[0].Err, &vault) && !errors.As(got[1].Err, &vault) {
		t.Errorf("a damaged one: %+v, %v", got, err)
	}
	if err := errors.Join(os.Remove(broken), run.End(testContext(t))); err != nil {
		t.Fatal(err)
	}
	if got, err := Vaults(p.StateDir); err != nil || got != nil {
		t.Errorf("after the run: %+v, %v", got, err)
	}
}
