package cmd

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLoginOptions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		want *loginOptions
		fail string
	}{
		"none":     {want: &loginOptions{Timeout: 5 * time.Minute}},
		"provider": {args: []string{"openai", "--label", " work "}, want: &loginOptions{Provider: "openai", Label: "work", Timeout: 5 * time.Minute}},
		"all": {
			args: []string{"openai", "-a", "work", "--no-browser", "--timeout", "1m"},
			want: &loginOptions{Provider: "openai", Account: "work", NoBrowser: true, Timeout: time.Minute},
		},
		"device":          {args: []string{"--device", "--new"}, want: &loginOptions{Device: true, New: true, Timeout: 5 * time.Minute}},
		"manual":          {args: []string{"--manual"}, want: &loginOptions{Manual: true, Timeout: 5 * time.Minute}},
		"two ways":        {args: []string{"--manual", "--no-browser"}, fail: "--manual and --no-browser exclude each other"},
		"new and account": {args: []string{"--new", "--account", "x"}, fail: "contradict"},
		"no time":         {args: []string{"--timeout", "0s"}, fail: "must be above 0"},
		"empty account":   {args: []string{"--account", ""}, fail: `--account "": is empty`},
		"empty label":     {args: []string{"--label", " "}, fail: `--label " ": is empty`},
		"escape in label": {args: []string{"--label", "a\x1b[31m"}, fail: "--label: holds control"},
		"two providers":   {args: []string{"openai", "acme"}, fail: "at most 1 arg"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got *loginOptions
			cmd := newLoginCmd(&Factory{}, func(_ context.Context, o *loginOptions) error { got = o; return nil })
			cmd.SilenceErrors, cmd.SilenceUsage = true, true
			cmd.SetArgs(c.args)
			err := cmd.Execute()
			if c.fail != "" {
				if err == nil || !strings.Contains(err.Error(), c.fail) || got != nil {
					t.Errorf("got %+v, %v, want an error with %q", got, err, c.fail)
				}
				return
			}
			if d := cmp.Diff(c.want, got); d != "" || err != nil {
				t.Errorf("%v: %s", err, d)
			}
		})
	}
}

// The way that works where the person sits is chosen, unless another one is
// asked for.
func TestLoginMethod(t *testing.T) {
	t.Parallel()
	own := `adapters:
  both: { client_id: c, token_url: "https://a.example/t", authorize_url: "https://a.example/a", device_url: "https://a.example/d" }
  page: { client_id: c, token_url: "https://a.example/t", authorize_url: "https://a.example/a" }
  code: { client_id: c, token_url: "https://a.example/t", device_url: "https://a.example/d" }
  none: { client_id: c, token_url: "https://a.example/t" }
`
	display := map[string]string{"DISPLAY": ":0"}
	ssh := map[string]string{"DISPLAY": ":0", "SSH_TTY": "/dev/pts/0"}
	for name, c := range map[string]struct {
		provider string
		env      map[string]string
		tty      bool
		o        loginOptions
		want     loginMethod
		fail     string
	}{
		"display":             {provider: "both", env: display, want: byBrowser},
		"wayland":             {provider: "both", env: map[string]string{"WAYLAND_DISPLAY": "wayland-0"}, want: byBrowser},
		"wsl":                 {provider: "both", env: map[string]string{"WSL_DISTRO_NAME": "Debian"}, want: byBrowser},
		"ssh":                 {provider: "both", env: ssh, want: byDevice},
		"ssh, on a terminal":  {provider: "page", env: ssh, tty: true, want: byPaste},
		"ssh, nobody to ask":  {provider: "page", env: ssh, want: byBrowser},
		"ssh, but no-browser": {provider: "both", env: ssh, o: loginOptions{NoBrowser: true}, want: byBrowser},
		"device":              {provider: "both", env: display, o: loginOptions{Device: true}, want: byDevice},
		"manual":              {provider: "both", env: display, o: loginOptions{Manual: true}, want: byPaste},
		"code alone":          {provider: "code", env: display, want: byDevice},
		"no code":             {provider: "page", env: display, o: loginOptions{Device: true}, fail: "no device_url"},
		"no page":             {provider: "code", env: display, o: loginOptions{Manual: true}, fail: "no authorize_url"},
		"no login":            {provider: "none", env: display, fail: "neither authorize_url nor device_url"},
		"anthropic":           {provider: "anthropic", env: display, fail: "no login of its own here"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newAccountsWorld(t)
			w.write("kyoli.yaml", own)
			w.tty = c.tty
			f := w.factory(c.env)
			a, err := f.Adapter(c.provider)
			if err != nil {
				t.Fatal(err)
			}
			got, err := f.loginMethod(a, &c.o)
			switch {
			case c.fail != "" && (err == nil || !strings.Contains(err.Error(), c.fail) || exitCode(err) != exitUsage):
				t.Errorf("error %v, want one with %q", err, c.fail)
			case c.fail == "" && (err != nil || got != c.want):
				t.Errorf("method %v, %v; want %v", got, err, c.want)
			}
		})
	}
}
