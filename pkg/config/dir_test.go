package config

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestDir(t *testing.T) {
	root := t.TempDir()
	at := func(parts ...string) string { return filepath.Join(append([]string{root}, parts...)...) }
	all := map[string]string{
		"KYOLI_CONFIG_DIR": at("kyoli"), "OPENCODE_CONFIG_DIR": at("opencode"), "XDG_CONFIG_HOME": at("xdg"),
	}
	without := func(names ...string) map[string]string {
		env := map[string]string{}
		for name, value := range all {
			env[name] = value
		}
		for _, name := range names {
			env[name] = "" // set, and empty, as a shell leaves it
		}
		return env
	}
	for _, tt := range []struct {
		name, flag string
		env        map[string]string
		want       string
	}{
		{"flag first", at("flag"), all, at("flag")},
		{"then kyoli's", "", all, at("kyoli")},
		{"then OpenCode's", "", without("KYOLI_CONFIG_DIR"), at("opencode")},
		{"then XDG", "", without("KYOLI_CONFIG_DIR", "OPENCODE_CONFIG_DIR"), at("xdg", "opencode")},
		{"then home", "", nil, at("home", ".config", "opencode")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Dir(tt.flag, func(name string) string { return tt.env[name] }, at("home"))
			if err != nil || got != tt.want {
				t.Errorf("Dir = %q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

func TestDirIsAbsolute(t *testing.T) {
	t.Chdir(t.TempDir())
	got, err := Dir("here/../there", func(string) string { return "" }, "")
	if err != nil || !filepath.IsAbs(got) || filepath.Base(got) != "there" {
		t.Errorf("Dir = %q, %v; want an absolute path to there", got, err)
	}
}

func TestDirWithoutHome(t *testing.T) {
	_, err := Dir("", func(string) string { return "" }, "")
	if err == nil || !strings.Contains(err.Error(), "--config-dir") {
		t.Errorf("error %v does not say what to give", err)
	}
}
