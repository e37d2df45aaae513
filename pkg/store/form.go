package store

import "github.com/kyoli-gam/kyoli/internal/seal"

// form is how tokens are written: the settings are asked once for a content.
type form struct {
	Sealing
	scheme seal.Scheme
}

// of returns the account as its entry has it, with its tokens in their form.
func (f *form) of(a *Account) (*Account, error) {
	if f.scheme == seal.None {
		return a, nil
	}
	written := *a
	var err error
	if written.RefreshToken, err = f.write(f.scheme, a.RefreshToken, a.place(kindRefresh)); err != nil {
		return nil, err
	}
	written.AccessToken, err = f.write(f.scheme, a.AccessToken, a.place(kindAccess))
	return &written, err
}
