package executor

import (
	"context"
	"time"
)

// HeartbeatEvery is how often a claim is renewed. The npm plugin drops a claim
// that is 60 s old.
const HeartbeatEvery = 20 * time.Second

// Heartbeat calls beat every interval until ctx ends. A failure goes to failed
// (nil: ignored) and does not end it: the next beat may succeed.
func Heartbeat(ctx context.Context, interval time.Duration, beat func(context.Context) error, failed func(error)) {
	_, _, _, _ = ctx, interval, beat, failed
}
