package migrate

import (
	"context"
	"time"

	"github.com/kyoli-gam/kyoli/internal/filewatch"
)

const (
	// watchAgain is how often a watch looks at the account's expiry, and how
	// long it waits after an error.
	watchAgain = 30 * time.Second
	// healAgain is how long a vault's watch waits after an error.
	healAgain = 2 * time.Second
)

// Watch keeps auth.json and the store in step until ctx ends: it syncs once,
// and again whenever either file changes or the account's token grows stale.
// It tells of every pass that changed something or failed, and of the first that
// went well again; what did not change since the pass before is not repeated. A login that somebody takes out of
// auth.json meanwhile stays out. An error of the first pass ends it; the end of
// ctx is no error, and never cuts a write or a refresh short.
func Watch(ctx context.Context, p Place, o SyncOptions, tell func(*SyncResult, error)) error {
	target, err := p.target()
	if err != nil {
		return err
	}
	changed := filewatch.Follow(ctx, p.AuthPath, target, o.Backend.Path())
	last, failed := "", false
	for {
		res, err := Sync(ctx, p, o)
		if err != nil && ctx.Err() != nil {
			return nil
		}
		if err != nil && !o.KeepRemoved {
			return err
		}
		o.KeepRemoved = true
		now := summary(res, err)
		if now != last && (now != "" || failed) {
			tell(res, err)
		}
		last, failed = now, err != nil
		if !await(ctx, changed, watchAgain) {
			return nil
		}
	}
}

// summary is what two passes have in common that need not be told twice. A
// write is always news.
func summary(res *SyncResult, err error) string {
	switch {
	case err != nil:
		return "error: " + err.Error()
	case res.Result == ResultRemoved:
		return res.Result
	case res.Result == ResultUnchanged && res.Adopted == nil:
		return ""
	}
	return res.Result + time.Now().String()
}

// await waits for a signal, or for d; false when ctx has ended.
func await(ctx context.Context, changed <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-changed:
	case <-timer.C:
	}
	return ctx.Err() == nil
}

// Watch observes auth.json while the child runs, takes in what is new, and puts
// back what was lost. It returns when ctx ends; errors on the way go to
// [Vault.OnNote], and it goes on.
func (r *VaultRun) Watch(ctx context.Context) error {
	target, err := r.vault.target()
	if err != nil {
		return err
	}
	changed := filewatch.Follow(ctx, r.vault.AuthPath, target)
	last := ""
	for {
		wait, told := time.Hour, ""
		err := r.vault.under(ctx, func(s *session) error {
			if s.vault == nil {
				return nil
			}
			_, _, err := s.change(ctx, nothing)
			return err
		})
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			wait, told = healAgain, err.Error()
		}
		if told != last && told != "" && r.vault.OnNote != nil {
			r.vault.OnNote(err)
		}
		last = told
		if !await(ctx, changed, wait) {
			return nil
		}
	}
}
