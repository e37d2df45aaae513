package migrate

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// writeSlowly writes as OpenCode does, in place, and stops twice on the way,
// for long, but not for so long that what is there would be believed. It is for
// a bubble, where no other process and no busy machine makes it longer.
func (p Place) writeSlowly(t *testing.T, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(p.AuthPath), 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(p.AuthPath)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer f.Close()
		half := len(content) / 2
		for _, part := range []string{content[:half], content[half:]} {
			time.Sleep(settleDamaged - 3*settlePause/2)
			if _, err := f.WriteString(part); err != nil {
				t.Error(err)
			}
		}
	}()
}

func TestSettled(t *testing.T) {
	t.Parallel()
	const old, fresh = `{"a":{"type":"api","key":"1"}}`, `{"a":{"type":"api","key":"2"}}`
	t.Run("old file at once", func(t *testing.T) {
		p := place(t, old)
		now := time.Now()
		p.Now = func() time.Time { return now }
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			seen, f, err := p.settled(t.Context(), p.AuthPath)
			if err != nil || string(f.Raw()) != old {
				t.Fatal(f, err)
			}
			seen.close()
			if d := time.Since(start); d != 0 {
				t.Errorf("waited for %s", d)
			}
		})
	})
	t.Run("fresh file twice", func(t *testing.T) {
		p := place(t, old)
		if err := os.WriteFile(p.AuthPath, []byte(fresh), 0o600); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		seen, f, err := p.settled(testContext(t), p.AuthPath)
		if err != nil || string(f.Raw()) != fresh {
			t.Fatal(f, err)
		}
		seen.close()
		if d := time.Since(start); d < settlePause {
			t.Errorf("took only %s", d)
		}
	})
	t.Run("torn write is waited for", func(t *testing.T) {
		p := place(t, "")
		synctest.Test(t, func(t *testing.T) {
			p.writeSlowly(t, fresh)
			seen, f, err := p.settled(t.Context(), p.AuthPath)
			if err != nil || string(f.Raw()) != fresh {
				t.Fatal(f, err)
			}
			seen.close()
		})
	})
	t.Run("damaged after a second", func(t *testing.T) {
		p := place(t, `{"a"`)
		start := time.Now()
		_, _, err := p.settled(testContext(t), p.AuthPath)
		var damaged *AuthDamagedError
		if !errors.As(err, &damaged) || time.Since(start) < settleDamaged {
			t.Errorf("%v after %s", err, time.Since(start))
		}
	})
	t.Run("missing at once", func(t *testing.T) {
		p := place(t, "")
		seen, f, err := p.settled(testContext(t), p.AuthPath)
		if err != nil || f.Exists || seen.exists {
			t.Error(f, err)
		}
	})
}
