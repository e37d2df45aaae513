package store

import "context"

// replayed replays the journal.
func (f *File) replayed(ctx context.Context) error {
	if j, ok := any(f).(interface {
		replay(ctx context.Context) error
	}); ok {
		return j.replay(ctx)
	}
	return nil
}

// forgotten takes tokens out of the journal.
func (f *File) forgotten(ctx context.Context, secrets ...Secret) error {
	if j, ok := any(f).(interface {
		forgetJournal(ctx context.Context, secrets ...Secret) error
	}); ok {
		return j.forgetJournal(ctx, secrets...)
	}
	return nil
}
