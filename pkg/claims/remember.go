package claims

import "context"

// Remember binds session keys to accounts (key to uuid) and moves the round-robin cursor, nil leaves
// it. It is for a process that chooses many times while it holds its accounts, and writes its choices
// down together.
func (s *Store) Remember(ctx context.Context, bindings map[string]string, cursor *Cursor) error {
	if len(bindings) == 0 && cursor == nil {
		return nil
	}
	return s.step(ctx, func(st *state) error {
		for key, uuid := range bindings {
			st.bind(key, uuid)
		}
		if cursor != nil {
			st.doc.Cursor.Cursor = *cursor
		}
		return nil
	})
}
