package main

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// handoff is the variable with the address that the stand-in for these programs tells
// which page it was to open.
const handoff = "KYOLI_E2E_HANDOFF"

// openers are the programs that open a page, on Linux and on macOS.
var openers = []string{"xdg-open", "open"}

var (
	binDir   string // holds kyoli, the provider of the other tests, and the stand-in that it opens pages with
	chromium string // the browser's program
)

func TestMain(m *testing.M) {
	if slices.Contains(openers, filepath.Base(os.Args[0])) {
		os.Exit(handOver(os.Args[1]))
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil))) // the provider tells of each request
	heedInterrupt()
	code, err := prepared(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// heedInterrupt keeps from kyoli that Ctrl-C was ignored where the tests were started, as in the background of a script.
func heedInterrupt() {
	if signal.Ignored(os.Interrupt) {
		signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	}
}

// handOver is what kyoli runs to open a page: it has the test's browser open it.
func handOver(page string) int {
	answer, err := http.Post(os.Getenv(handoff), "text/plain", strings.NewReader(page))
	if err != nil || answer.StatusCode != http.StatusNoContent {
		return 1
	}
	return 0
}

// prepared builds kyoli, finds the browser and runs the tests.
func prepared(m *testing.M) (int, error) {
	var err error
	if chromium, err = findChromium(); err != nil {
		return 0, err
	}
	if binDir, err = os.MkdirTemp("", "kyoli-e2e-login-"); err != nil {
		return 0, err
	}
	defer os.RemoveAll(binDir)
	build := exec.Command("go", "build", "-o", binDir+string(filepath.Separator), ".", "./e2e/fakeprovider")
	build.Dir = filepath.Join("..", "..")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		return 0, fmt.Errorf("build kyoli: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	for _, name := range openers {
		if err := os.Symlink(self, filepath.Join(binDir, name)); err != nil {
			return 0, err
		}
	}
	return m.Run(), nil
}

func findChromium() (string, error) {
	if path := os.Getenv("KYOLI_E2E_CHROMIUM"); path != "" {
		return path, nil
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("there is no Chromium: install Debian's package chromium, or name the program in KYOLI_E2E_CHROMIUM")
}

func mustParse(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
