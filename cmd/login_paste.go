package cmd

import (
	"context"
	"errors"

	loginflow "github.com/kyoli-gam/kyoli/pkg/provider/login"
)

// pasteTries is how often something else can be pasted.
const pasteTries = 5

// paste logs in with a browser that cannot come back by itself. What is pasted is
// not shown, for it stays in the terminal's scrollback.
func (l *loginFlow) paste(ctx context.Context) error {
	url, begins, err := l.flow.PasteURL()
	if err != nil {
		return err
	}
	if !l.f.canAsk() {
		_, err := l.f.ask("the address that the browser ends at", instead{"--device or --no-browser", l.again("--no-browser")})
		return err
	}
	l.f.say("Log in at " + l.adapter.DisplayName + " in any browser:\n\n  " + url + "\n\n" +
		"It ends at a page that begins with " + begins + " and may not load.\n" +
		"Copy its whole address and paste it here; it is not shown.\n")
	var code string
	for try := 1; ; try++ {
		text, err := l.f.Secret("address")
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		code, err = l.flow.Pasted(text)
		var again *loginflow.PasteError
		if err == nil {
			break
		}
		if !errors.As(err, &again) || try == pasteTries {
			return err
		}
		l.f.say(again.Reason)
	}
	defer l.f.endOrderly()()
	_, err = l.exchange(ctx, code)
	return err
}
