package cmd

import (
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/internal/eventlog"
)

type eventsOptions struct {
	Account string
	Since   string
	Follow  bool
}

func newEventsCmd(f *Factory, runF func(context.Context, *eventsOptions) error) *cobra.Command {
	o := &eventsOptions{}
	cmd := &cobra.Command{
		Use:   "events",
		Short: "Show what happened to the accounts",
		Long: `Shows the event log: which command chose which account and why, what was renewed
and taken over, which limits were met, who claimed what and gave it back. The log
has no tokens, only their hashes. It is rotated at 5 MB, and one older file is kept.

--follow goes on with what comes, until it is interrupted.

Without a terminal: tab-separated, in the order time, event, provider, uuid,
account, command, pid, reason, session, holder's pid, program, hash of the token
before, hash of the token. With --json: one object a line, as in the log. The
kinds of events:

` + aligned(eventlog.Kinds()),
		Example: `  kyoli events --since 2h
  kyoli events --account work --follow
  kyoli events --json | jq -r 'select(.event == "rate-limited") | .account'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := since(o.Since, f.now()); err != nil {
				return err
			}
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runEvents(cmd.Context(), f, o)
		},
	}
	fs := cmd.Flags()
	fs.StringVarP(&o.Account, "account", "a", "", "only events of this `account` (label, e-mail, uuid)")
	fs.StringVar(&o.Since, "since", "", "only events of the last `time`, such as 30m, 2h or 3d, or since a date or time (RFC 3339)")
	fs.BoolVarP(&o.Follow, "follow", "f", false, "go on until interrupted")
	_ = cmd.RegisterFlagCompletionFunc("account", completeAccounts(f, 0))
	return cmd
}

// since reads --since: a duration back from now, in days too, a date, or a time.
func since(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.ParseFloat(days, 64); err == nil && n >= 0 && n < 100_000 {
			return now.Add(-time.Duration(n * 24 * float64(time.Hour))), nil
		}
	}
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	if t, err := time.ParseInLocation(time.DateOnly, s, now.Location()); err == nil {
		return t, nil
	}
	return time.Time{}, flagErrorf("--since %q: want 30m, 2h, 3d, a date such as 2026-05-01, or a time such as 2026-05-01T12:00:00Z", s)
}

func runEvents(ctx context.Context, f *Factory, o *eventsOptions) error {
	path := f.eventLogPath()
	if !filepath.IsAbs(path) {
		return withHint(errors.New("the home directory is not known"), "export HOME=…")
	}
	from, err := since(o.Since, f.now())
	if err != nil {
		return err
	}
	wanted, err := f.eventFilter(ctx, o.Account)
	if err != nil {
		return err
	}
	p := &eventPrinter{f: f}
	r := eventlog.NewReader(path, func(e eventlog.Event) error {
		if !wanted.takes(e) || e.Time.Before(from) {
			return nil
		}
		return p.print(e)
	})
	if o.Follow {
		err = followEvents(ctx, r, wanted)
	} else if err = r.Read(); err == nil {
		if err = wanted.check(); err == nil {
			err = p.end()
		}
	}
	if r.Skipped > 0 {
		f.Note("left out lines of %s that are no events: %d", path, r.Skipped)
	}
	return fileError(err)
}

// followEvents ends early where the account is nowhere to be found.
func followEvents(ctx context.Context, r *eventlog.Reader, wanted *eventFilter) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var unknown error
	err := r.Follow(ctx, func() {
		if unknown = wanted.check(); unknown != nil {
			cancel()
		}
	})
	if err == nil {
		err = unknown
	}
	return err
}
