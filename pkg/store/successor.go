package store

import "context"

// Successors tells which refresh tokens are known to have been spent: by the hash of each, the hash of what came of it in
// the end, empty where that is not known. The journal remembers for a day.
func (f *File) Successors(_ context.Context, refresh ...Secret) (map[string]string, error) {
	path, err := f.resolve()
	if err != nil {
		return nil, err
	}
	j := f.journal(path)
	names, err := j.list()
	if err != nil || len(names) == 0 {
		return nil, err
	}
	l, found := newLineage(j, names), make(map[string]string)
	for _, token := range refresh {
		hash := token.Hash()
		if c := l.newest(hash); c != nil && c.Child != hash { // a token that was handed out again is to be used again
			found[hash] = c.Child
		}
	}
	return found, nil
}
