package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tailscale/hujson"

	"github.com/kyoli-gam/kyoli/internal/regular"
	"github.com/kyoli-gam/kyoli/internal/shellquote"
	"github.com/kyoli-gam/kyoli/pkg/executor"
)

const (
	// testedOpenCode is what the end-to-end tests run (scripts/e2e-opencode).
	testedOpenCode = "1.18.33"
	// versionPatience is how long OpenCode has to tell its version.
	versionPatience = 5 * time.Second
	// pluginName is in the name of every plugin that shares kyoli's files.
	pluginName = "multi-account"
	// maxOpenCodeConfig bounds what is read of OpenCode's settings.
	maxOpenCodeConfig = 1 << 20
)

// checkOpenCode looks for OpenCode, its version, and plugins that work on the same files.
func (d *doctor) checkOpenCode(ctx context.Context) {
	d.checkPluginSettings()
	environ := d.f.Env.Environ()
	path, err := executor.LookPath("opencode", environ)
	if err != nil {
		d.found(finding{
			ID: "opencode-missing", Severity: severityNote, Message: "opencode is not on the PATH",
			Why: "kyoli exec needs it only to run it", Fix: "npm install -g opencode-ai",
		})
		return
	}
	x := finding{File: path, Fix: shellquote.Word(path) + " --version"}
	version, err := openCodeVersion(ctx, path, environ, versionPatience)
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		x.ID, x.Severity, x.Message = "opencode-broken", severityWarning, "does not tell its version: "+err.Error()
		x.Why = "kyoli exec -- opencode will hardly work"
	case major(version) != major(testedOpenCode):
		x.ID, x.Severity, x.Message = "opencode-untested", severityWarning, "is OpenCode "+version+"; kyoli is tested with "+testedOpenCode
		x.Why, x.Fix = "it may treat its logins in another way", "npm install -g opencode-ai@"+testedOpenCode
	default:
		x.ID, x.Severity, x.Message = "opencode-version", severityNote, "is OpenCode "+version
		x.Why = "kyoli is tested with " + testedOpenCode
	}
	d.found(x)
}

func major(version string) string {
	first, _, _ := strings.Cut(version, ".")
	return first
}

var versionLine = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^v?([0-9]+(\.[0-9]+)*[-+.0-9A-Za-z]{0,40})$`)
})

// openCodeVersion asks OpenCode, in an empty home and without any credential.
func openCodeVersion(ctx context.Context, path string, environ []string, patience time.Duration) (string, error) {
	home, err := os.MkdirTemp("", "kyoli-doctor-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(home)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "--version")
	cmd.Dir, cmd.Env = home, bareEnviron(environ, home)
	cmd.WaitDelay = time.Second
	wholeGroup(cmd)
	out := &limitedBuffer{max: 4 << 10}
	cmd.Stdout = out
	err = cmd.Run()
	switch {
	case ctx.Err() != nil:
		return "", errors.New("no answer within " + patience.String())
	case err != nil:
		return "", err
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(out.data)), "\n")
	found := versionLine().FindStringSubmatch(strings.TrimSpace(line))
	if found == nil {
		return "", errors.New("what it says is no version")
	}
	return found[1], nil
}

// bareVars are the variables that a program needs to start at all.
var bareVars = []string{"PATH", "PATHEXT", "SYSTEMROOT", "COMSPEC", "LANG", "LC_ALL", "TMPDIR", "TEMP", "TMP"}

// bareEnviron is an environment without credentials and without OpenCode's settings, in which home is empty.
func bareEnviron(environ []string, home string) []string {
	bare := []string{
		"HOME=" + home, "USERPROFILE=" + home, "OPENCODE_DISABLE_AUTOUPDATE=1", "OPENCODE_DISABLE_MODELS_FETCH=1",
		"OPENCODE_DISABLE_LSP_DOWNLOAD=1", "OPENCODE_DISABLE_SHARE=1",
	}
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		if slices.Contains(bareVars, strings.ToUpper(name)) {
			bare = append(bare, entry)
		}
	}
	return bare
}

// limitedBuffer keeps the first max bytes, and takes the rest for written.
type limitedBuffer struct {
	data []byte
	max  int
}

// Write implements io.Writer.
func (b *limitedBuffer) Write(p []byte) (int, error) {
	b.data = append(b.data, p[:min(len(p), b.max-len(b.data))]...)
	return len(p), nil
}

// checkPluginSettings looks whether OpenCode loads a plugin that works on the same files.
func (d *doctor) checkPluginSettings() {
	dirs := []string{d.dir}
	if work, err := os.Getwd(); err == nil {
		dirs = append(dirs, work, filepath.Join(work, ".opencode"))
	}
	for _, dir := range dirs {
		for _, name := range []string{"config.json", "opencode.json", "opencode.jsonc"} {
			file := filepath.Join(dir, name)
			plugins, err := pluginsIn(file)
			if err != nil {
				continue // OpenCode says so itself
			}
			for _, plugin := range plugins {
				d.found(finding{
					ID: "plugin-configured", Severity: severityNote, File: file, Message: "OpenCode loads the plugin " + plugin,
					Why: "it works on the same accounts as kyoli does; docs/compatibility.md says what that leaves open",
					Fix: edit(file),
				})
			}
		}
	}
}

// pluginsIn are the plugins in OpenCode's settings that share kyoli's files. The settings are JSON with comments.
func pluginsIn(file string) ([]string, error) {
	data, err := regular.Read(file, maxOpenCodeConfig)
	if err != nil {
		return nil, err
	}
	return parsePlugins(data)
}

func parsePlugins(data []byte) ([]string, error) {
	plain, err := hujson.Standardize(data)
	if err != nil {
		return nil, err
	}
	var settings struct {
		Plugin []json.RawMessage `json:"plugin"`
	}
	if err := json.Unmarshal(plain, &settings); err != nil {
		return nil, err
	}
	var found []string
	for _, raw := range settings.Plugin {
		var name string
		if json.Unmarshal(raw, &name) != nil { // with options it is a pair of name and options
			var pair []json.RawMessage
			if json.Unmarshal(raw, &pair) != nil || len(pair) == 0 || json.Unmarshal(pair[0], &name) != nil {
				continue
			}
		}
		if strings.Contains(name, pluginName) {
			found = append(found, name)
		}
	}
	return found, nil
}
