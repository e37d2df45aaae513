package cmd

import (
	"context"
	"time"
)

// device logs in with a code that is entered on another device.
func (l *loginFlow) device(ctx context.Context) error {
	defer l.f.endOrderly()()
	code, err := l.flow.Device(ctx)
	if err != nil {
		return err
	}
	l.f.say("Log in at " + l.adapter.DisplayName + " on any device: open\n\n  " + code.URL + "\n\nand enter the code\n\n  " + code.UserCode + "\n")
	if code.Complete != "" {
		l.f.say("Or open, with the code in it:\n\n  " + code.Complete + "\n")
	}
	if err := l.begin(ctx); err != nil {
		return err
	}
	hide := l.f.countdown("waiting for the code to be entered", time.Until(code.Expires))
	token, err := l.flow.Poll(ctx, code)
	hide()
	if err == nil {
		_, err = l.store(context.WithoutCancel(ctx), token) // the person has logged in
	}
	return l.end(err)
}
