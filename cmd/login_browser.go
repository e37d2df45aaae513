package cmd

import (
	"context"
	"io"
	"time"

	"github.com/cli/browser"

	loginflow "github.com/kyoli-gam/kyoli/pkg/provider/login"
)

// browser logs in with a browser on this machine.
func (l *loginFlow) browser(ctx context.Context) error {
	defer l.f.endOrderly()()
	c, err := l.flow.Listen()
	if err != nil {
		return err
	}
	url := c.URL()
	opened := !l.o.NoBrowser && l.f.noDisplay() == "" && openBrowser(url) == nil
	if opened {
		l.f.say("The browser opens for the login at " + l.adapter.DisplayName + ". If it does not, visit:\n\n  " + url + "\n")
	} else {
		l.f.say("Log in at " + l.adapter.DisplayName + " in a browser on this machine:\n\n  " + url + "\n")
	}
	waiting, cancel := context.WithTimeoutCause(ctx, l.o.Timeout, &loginflow.TimeoutError{Provider: l.adapter.ID, After: l.o.Timeout})
	defer cancel()
	hide := l.f.countdown("waiting for the browser", l.o.Timeout)
	defer hide()
	return c.Wait(waiting, func(ctx context.Context, code string) (string, error) {
		hide()
		return l.exchange(ctx, code)
	})
}

// exchange makes an account of a code. From here on nothing is given up because
// somebody pressed Ctrl-C: the person has logged in.
func (l *loginFlow) exchange(ctx context.Context, code string) (who string, err error) {
	ctx = context.WithoutCancel(ctx)
	if err := l.begin(ctx); err != nil {
		return "", err
	}
	token, err := l.flow.Exchange(ctx, code)
	if err == nil {
		who, err = l.store(ctx, token)
	}
	return who, l.end(err)
}

// openBrowser opens a page, without a word of the program that does. It is a
// variable for tests, which have no browser.
var openBrowser = func(url string) error {
	browser.Stdout, browser.Stderr = io.Discard, io.Discard
	opened := make(chan error, 1)
	go func() { opened <- browser.OpenURL(url) }()
	select {
	case err := <-opened:
		return err
	case <-time.After(browserWait): // it is one that stays
		return nil
	}
}

// browserWait is how long a program that opens a page has to fail.
const browserWait = 2 * time.Second
