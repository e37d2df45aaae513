package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// patience is how long the browser may take for one step, on a busy machine.
const patience = 60 * time.Second

// tab is a page of a headless Chromium of its own, with an empty profile.
type tab struct {
	t   *testing.T
	ctx context.Context
	end context.CancelFunc
}

// flags run Chromium without a display, without talk to its maker, and as root.
var flags = []chromedp.ExecAllocatorOption{
	chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
	chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
	chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("disable-dev-shm-usage", true),
}

// newBrowser starts one, and ends it with the test.
func newBrowser(t *testing.T) *tab {
	t.Helper()
	dir, err := os.MkdirTemp(binDir, "browser-")
	if err != nil {
		t.Fatal(err)
	}
	options := append(flags[:len(flags):len(flags)], chromedp.ExecPath(chromium), chromedp.UserDataDir(filepath.Join(dir, "profile")), chromedp.Env("TMPDIR="+dir))
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	ctx, end := chromedp.NewContext(allocator)
	b := &tab{t: t, ctx: ctx, end: func() {
		_ = chromedp.Cancel(ctx) // waits until it is gone, and its profile is no more written to
		end()
		stop()
	}}
	t.Cleanup(b.end)
	b.open()
	return b
}

// another is a second page of the same browser.
func (b *tab) another() *tab {
	ctx, end := chromedp.NewContext(b.ctx)
	b.t.Cleanup(end)
	second := &tab{t: b.t, ctx: ctx, end: end}
	second.open()
	return second
}

// open is the first step. It starts the browser, or opens the page, both of which end
// with the context of it.
func (b *tab) open() {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Navigate("about:blank")); err != nil {
		b.t.Fatalf("open a page of %s: %v", chromium, err)
	}
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := b.try(steps...); err != nil {
		b.t.Fatalf("in the browser: %v", err)
	}
}

func (b *tab) try(steps ...chromedp.Action[chromedp.Void]) error {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	return chromedp.Do(ctx, steps...)
}

// get is one step that brings a value.
func get[T any](b *tab, step chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, step)
	if err != nil {
		b.t.Fatalf("in the browser: %v", err)
	}
	return value
}

func (b *tab) visit(page string) {
	b.t.Helper()
	b.do(chromedp.Navigate(page))
}

// logIn types user and password into the provider's page, and comes back.
func (b *tab) logIn(user, password string) {
	b.t.Helper()
	b.fill(user, password)
	b.click("#login")
}

func (b *tab) fill(user, password string) {
	b.t.Helper()
	b.do(chromedp.SendKeys("#username", user), chromedp.SendKeys("#password", password))
}

// click follows a link or presses a button, and waits for the page that comes.
func (b *tab) click(selector string) {
	b.t.Helper()
	if err := b.tryClick(selector); err != nil {
		b.t.Fatalf("in the browser: %v", err)
	}
}

func (b *tab) tryClick(selector string) error {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	_, err := chromedp.RunResponse(ctx, chromedp.Click(selector))
	return err
}

// sees holds the heading of the page against what it has to be.
func (b *tab) sees(heading string) {
	b.t.Helper()
	if got := get(b, chromedp.Text("h1")); got != heading {
		b.t.Errorf("the browser shows %q, want %q", got, heading)
	}
}
