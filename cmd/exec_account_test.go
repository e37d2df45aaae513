package cmd

import (
	"errors"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// A shorter --min-ttl helps only where the token that there is lives on.
func TestHintTTL(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	f := &Factory{Now: func() time.Time { return now }}
	later := &manager.RefreshError{Transient: true, Err: errors.New("status 503")}
	for name, tt := range map[string]struct {
		err  error
		left time.Duration
		want string
	}{
		"lives on":     {later, 5 * time.Minute, "kyoli exec --min-ttl 1m -- ls"},
		"has ended":    {later, -time.Hour, ""},
		"about to end": {later, time.Minute, ""},
		"login ended":  {&manager.RefreshError{Err: errors.New("invalid_grant")}, 5 * time.Minute, ""},
	} {
		o := &execOptions{MinTTL: 10 * time.Minute, Command: []string{"ls"}}
		a := &store.Account{ExpiresAt: store.MillisOf(now.Add(tt.left))}
		if got := hintOf(hintTTL(f, tt.err, o, a)); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
