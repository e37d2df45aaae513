package migrate

import (
	"errors"
	"os"
	"testing"
	"time"
)

func TestSettled(t *testing.T) {
	t.Parallel()
	const old, fresh = `{"a":{"type":"api","key":"1"}}`, `{"a":{"type":"api","key":"2"}}`
	t.Run("old file at once", func(t *testing.T) {
		p := place(t, old)
		start := time.Now()
		seen, f, err := p.settled(testContext(t), p.AuthPath)
		if err != nil || string(f.Raw()) != old {
			t.Fatal(f, err)
		}
		seen.close()
		if d := time.Since(start); d >= settlePause {
			t.Errorf("took %s", d)
		}
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
		p := place(t, old)
		oc := startOpenCode(t, "{}")
		oc.begin(order{Path: p.AuthPath, Key: "a", Entry: []byte(`{"type":"api","key":"2"}`), Torn: 300 * time.Millisecond})
		eventually(t, "the write begins", func() bool { return p.content(t) != old })
		seen, f, err := p.settled(testContext(t), p.AuthPath)
		if err != nil {
			t.Fatal(err)
		}
		seen.close()
		if e, _ := f.Entry("a"); string(e.raw) != "{\n    \"type\": \"api\",\n    \"key\": \"2\"\n  }" {
			t.Errorf("saw %s", f.Raw())
		}
		oc.done()
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
