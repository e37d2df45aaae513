package store

import "context"

// Successor says whether a refresh token is known to have been spent, and the hash of what came of it in the end, empty
// where that is not known. The journal remembers for a day.
func (f *File) Successor(_ context.Context, refresh Secret) (child string, spent bool, err error) {
	path, err := f.resolve()
	if err != nil {
		return "", false, err
	}
	j := f.journal(path)
	names, err := j.list()
	if err != nil || len(names) == 0 {
		return "", false, err
	}
	token := refresh.Hash()
	c := newLineage(j, names).newest(token)
	if c == nil || c.Child == token { // a token that was handed out again is to be used again
		return "", false, nil
	}
	return c.Child, true, nil
}
