package claims

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// The times that those who wait live by.
const (
	// ticketSilence is how long a ticket holds its place without being renewed.
	ticketSilence = 15 * time.Second
	// ticketBeat is how often it is renewed.
	ticketBeat = 5 * time.Second
	// lookEvery is how often one who waits looks, give or take a quarter.
	lookEvery = 200 * time.Millisecond
)

// Wait is [Store.Select] for one who is ready to wait: while choose gives [ErrBusy] it stands in a
// queue for the accounts in Choice.Wants, first come, first served, until ctx ends, whose cause is
// then returned. No lock is held while waiting. Whoever waits for other accounts is not waited for.
//
// queued is told, without a lock, how many came before, as often as the place is renewed (every 5 s
// at least); nil = nobody is told.
func (s *Store) Wait(ctx context.Context, h Holder, choose func(View) (Choice, error), queued func(ahead int)) (*Claim, error) {
	if err := s.complete(&h); err != nil {
		return nil, err
	}
	for stood := false; ; stood = true {
		c, ahead, err := s.takeOrQueue(ctx, h, choose)
		if err != nil && (stood || ctx.Err() != nil) {
			s.leaveQueue(ctx, h.ID)
		}
		if err != nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if c != nil || err != nil {
			return c, err
		}
		if queued != nil {
			queued(ahead)
		}
		if !s.watchQueue(ctx, h.ID) {
			s.leaveQueue(ctx, h.ID)
			return nil, context.Cause(ctx)
		}
	}
}

// takeOrQueue claims an account or, where there is none, gets or renews the ticket; then it returns
// neither a claim nor an error, but how many came before.
func (s *Store) takeOrQueue(ctx context.Context, h Holder, choose func(View) (Choice, error)) (c *Claim, ahead int, err error) {
	err = s.step(ctx, func(st *state) error {
		var wants []string
		var err error
		c, err = s.take(st, h, func(v View) (Choice, error) {
			choice, err := choose(v)
			wants = choice.Wants
			if choice.UUID != "" && len(wants) == 0 {
				wants = []string{choice.UUID}
			}
			return choice, err
		})
		if errors.Is(err, ErrBusy) {
			st.stand(h, wants)
			ahead = st.ahead(h.ID)
			return nil
		}
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	return c, ahead, nil
}

// watchQueue looks until an account seems to be free for the session or its ticket wants renewing.
// It is false when ctx has ended.
func (s *Store) watchQueue(ctx context.Context, id string) bool {
	renew := time.NewTimer(ticketBeat)
	defer renew.Stop()
	for {
		// Jitter keeps those who came at once from looking at once for ever after.
		look := time.NewTimer(lookEvery*3/4 + rand.N(lookEvery/2)) //nolint:gosec // jitter is no secret
		select {
		case <-ctx.Done():
			look.Stop()
			return false
		case <-renew.C:
			look.Stop()
			return true
		case <-look.C:
		}
		if st, err := s.load(); err != nil || st.turnOf(id) {
			return true // an error is for the locked step to tell
		}
	}
}

// leaveQueue gives the place up. Should that fail, the ticket is passed over when it is silent.
func (s *Store) leaveQueue(ctx context.Context, id string) {
	const patience = 2 * time.Second
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	_ = s.step(ctx, func(st *state) error {
		st.dropTicket(id)
		return nil
	})
}
