package migrate

import (
	"context"
	"os"
	"strconv"
	"testing"

	"github.com/kyoli-gam/kyoli/internal/failpoint"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// doomedDeeds are what a kyoli does while it is killed at one of its steps.
var doomedDeeds = map[string]func(context.Context, Place) error{
	"heal": func(ctx context.Context, p Place) error { return Heal(ctx, p.StateDir, store.Sealing{}) },
	"rotate": func(ctx context.Context, p Place) error {
		_, err := AfterRotate(ctx, p, "anthropic", rotatedFrom, rotatedTo, &store.Account{UUID: "u1"})
		return err
	},
	"clear": func(ctx context.Context, p Place) error { _, err := ClearIfOurs(ctx, p, "anthropic"); return err },
}

var (
	rotatedFrom = store.Credential{RefreshToken: "a-r", AccessToken: "a-a", ExpiresAt: 1700000000001}
	rotatedTo   = store.Credential{RefreshToken: "a-r2", AccessToken: "a-a2", ExpiresAt: 1800000000000}
)

func doomedMain() {
	step, err := strconv.ParseInt(os.Getenv("KYOLI_MIGRATE_TEST_STEP"), 10, 64)
	if err != nil {
		panic(err)
	}
	failpoint.Set(failpoint.KillAt(step))
	if err := doomedDeeds[os.Getenv("KYOLI_MIGRATE_TEST_DEED")](context.Background(), placeFromEnv()); err != nil {
		panic(err)
	}
	os.Exit(0)
}

// doomed does a deed, killed at the step. It returns whether it got to the end.
func (p Place) doomed(deed string, step int) bool {
	cmd := itself(roleDoomed, p.variable(), "KYOLI_MIGRATE_TEST_DEED="+deed, "KYOLI_MIGRATE_TEST_STEP="+strconv.Itoa(step))
	return cmd.Run() == nil
}

// killedAtEachStep makes a place, does the deed killed at the first step, the
// second, and so on until it is not killed any more, and has each looked at.
func killedAtEachStep(t *testing.T, deed string, prepare func(*testing.T) Place, check func(*testing.T, Place)) {
	t.Helper()
	for step := 1; ; step++ {
		p := prepare(t)
		ended := p.doomed(deed, step)
		check(t, p)
		if t.Failed() {
			t.Fatalf("killed at step %d", step)
		}
		if ended {
			if step < 8 {
				t.Errorf("only %d steps: nothing was killed", step-1)
			}
			return
		}
	}
}

// Healing that is cut short leaves the old content or the new, and the next
// command completes it.
func TestKilledWhileHealing(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts a process for each step")
	}
	dead := deadProcess(t)
	var clobbered string
	healed := parsed(t, byHand)
	healed, err := healed.apply([]change{{"acme", compact([]byte(oauthJSON("n-r", "n-a", 7)))}})
	if err != nil {
		t.Fatal(err)
	}
	prepare := func(t *testing.T) Place {
		p := place(t, byHand)
		v := OpenVault(p.StateDir, p.AuthPath)
		content, _, run, err := v.Begin(testContext(t), chosen)
		if err != nil {
			t.Fatal(err)
		}
		if err := run.Attach(testContext(t), dead); err != nil {
			t.Fatal(err)
		}
		v.forge(t, func(r *vaultRun) { r.Supervisor = dead })
		f, err := parsed(t, content).apply([]change{{"acme", compact([]byte(oauthJSON("n-r", "n-a", 7)))}})
		if err != nil {
			t.Fatal(err)
		}
		clobbered = string(f.Raw())
		p.put(t, clobbered)
		return p
	}
	killedAtEachStep(t, "heal", prepare, func(t *testing.T, p Place) {
		if got := p.content(t); got != clobbered && !parsed(t, got).equal(healed) {
			t.Errorf("left behind:\n%s", got)
		}
		if err := Heal(testContext(t), p.StateDir, store.Sealing{}); err != nil {
			t.Fatal(err)
		}
		p.holds(t, string(healed.Raw()))
		p.noVault(t)
	})
}

// A kyoli that dies while it brings an entry up to date leaves the old entry or
// the new one, and knows either as its own.
func TestKilledAfterRotate(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts a process for each step")
	}
	prepare := func(t *testing.T) Place { return place(t, byHand) }
	killedAtEachStep(t, "rotate", prepare, func(t *testing.T, p Place) {
		f := parsed(t, p.content(t))
		switch f.refresh("anthropic") {
		case "a-r":
			p.want(t, byHand)
		case "a-r2":
			cleared, err := ClearIfOurs(testContext(t), p, "anthropic")
			if err != nil || !cleared {
				t.Errorf("what was written is not known as kyoli's: %v", err)
			}
		default:
			t.Errorf("left behind:\n%s", p.content(t))
		}
		p.noSecrets(t, "a-r", "a-a")
	})
}

func TestKilledWhileClearing(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts a process for each step")
	}
	cleared := parsed(t, byHand)
	cleared, err := cleared.apply([]change{{key: "anthropic"}})
	if err != nil {
		t.Fatal(err)
	}
	prepare := func(t *testing.T) Place {
		p := place(t, byHand)
		if _, err := AfterRotate(testContext(t), p, "anthropic", rotatedFrom, rotatedTo, &store.Account{UUID: "u1"}); err != nil {
			t.Fatal(err)
		}
		p.age(t)
		return p
	}
	killedAtEachStep(t, "clear", prepare, func(t *testing.T, p Place) {
		if _, err := ClearIfOurs(testContext(t), p, "anthropic"); err != nil {
			t.Fatal(err)
		}
		p.want(t, string(cleared.Raw()))
	})
}
