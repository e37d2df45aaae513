package store

import (
	"errors"
	"fmt"
	"slices"

	"github.com/kyoli-gam/kyoli/internal/seal"
)

// Sealing is how tokens are kept from those who can read the files. The zero value is: not at all.
type Sealing struct {
	// Box has the keys. Without one, tokens that are sealed cannot be opened.
	Box *seal.Box
	// Scheme says how tokens are to be sealed. It is asked at each write, under the file's lock, so that a process that
	// runs on while the user changes it does not write the old form; nil is not at all.
	Scheme func() seal.Scheme
}

// want is the form in which tokens are to be written now.
func (z Sealing) want() seal.Scheme {
	if z.Scheme == nil {
		return seal.None
	}
	return z.Scheme()
}

func (z Sealing) box() *seal.Box {
	if z.Box == nil {
		return seal.NewBox(nil)
	}
	return z.Box
}

// SealText returns a text with tokens in the form in which it is to be written. Where that key is not to be had, as when
// the settings were changed under way, it is sealed with another that this process has; and one that cannot be sealed is
// returned as it is: losing what a token was spent for would be worse. The next write brings it into its form.
func (z Sealing) SealText(name, text string, at seal.Place) string {
	s := z.want()
	if s == seal.None || text == "" || seal.Is(text) {
		return text
	}
	for _, scheme := range []seal.Scheme{s, seal.Age, seal.Keyring} {
		if scheme != s && !z.box().Loaded(scheme) {
			continue
		}
		if sealed, err := z.box().Seal(scheme, name, text, at); err == nil {
			return sealed
		}
	}
	return text
}

// OpenText returns what SealText was given. Errors are those of seal.Box.Open.
func (z Sealing) OpenText(text string, at seal.Place) (string, error) {
	if !seal.Is(text) {
		return text, nil
	}
	return z.box().Open(text, at)
}

// Misplaced says whether a text that could be opened has not the form in which it would be written.
func (z Sealing) Misplaced(text string) bool {
	s := z.want()
	if text == "" || !seal.Is(text) {
		return text != "" && s != seal.None
	}
	return s == seal.None || !z.box().Current(s, text)
}

// Ready says whether a token could be sealed now, where tokens are to be.
func (z Sealing) Ready() error {
	if s := z.want(); s != seal.None {
		return z.box().Ready(s)
	}
	return nil
}

// The kinds of what is sealed (seal.Place). None opens in the place of another: a refresh token is never taken for an
// access token.
const (
	kindRefresh = "refresh"
	kindAccess  = "access"
	kindAnswer  = "answer"
)

// place is where a token of the account belongs. It is sealed for the credential's owner, which stays while the
// provider changes the uuid.
func (a *Account) place(kind string) seal.Place {
	return seal.Place{Kind: kind, Owner: []string{a.OwnerID(), a.UUID}}
}

// write returns a token in the form in which it is to be written: as s wants it. One that could not be opened stays as
// it is.
func (z Sealing) write(s seal.Scheme, token Secret, at seal.Place) (Secret, error) {
	if s == seal.None || token == "" || token.Sealed() {
		return token, nil
	}
	sealed, err := z.box().Seal(s, token.Hash(), string(token), at)
	return Secret(sealed), err
}

// open returns a token's text.
func (z Sealing) open(token Secret, at seal.Place) (Secret, error) {
	if !token.Sealed() {
		return token, nil
	}
	plain, err := z.box().Open(string(token), at)
	if err == nil && Secret(plain).Hash() != token.Hash() {
		err = &seal.OpenError{Reason: "it is damaged"}
	}
	if err != nil {
		return token, err
	}
	return Secret(plain), nil
}

// misplaced says whether what is stored for a token is not in the form that is wanted. What could not be opened is
// left alone.
func (z Sealing) misplaced(s seal.Scheme, stored, token Secret) bool {
	switch {
	case stored == "" || token.Sealed():
		return false
	case !stored.Sealed():
		return s != seal.None
	}
	return s == seal.None || !z.box().Current(s, string(stored))
}

// SealedError is returned for an account with a token that the key does not open. Nothing is done with the account, and
// the token stays as it is.
type SealedError struct {
	Path string
	Name string // of the account
	Err  error
}

func (e *SealedError) Error() string {
	return fmt.Sprintf("a token of %s in %s cannot be opened: %v", e.Name, e.Path, e.Err)
}

// Unwrap returns why.
func (e *SealedError) Unwrap() error { return e.Err }

// Hint is a command that helps.
func (e *SealedError) Hint() string {
	var why interface{ Hint() string }
	if errors.As(e.Err, &why) && why.Hint() != "" {
		return why.Hint()
	}
	return "kyoli doctor"
}

// Sealed says how the account's tokens are sealed in the file.
func (a *Account) Sealed() seal.Scheme {
	if a.from == nil {
		return seal.None
	}
	for _, t := range a.from.stored {
		if s := seal.SchemeOf(string(t)); s != seal.None {
			return s
		}
	}
	return seal.None
}

// Opened returns a *SealedError where a token of the account could not be opened, or was not because it was read with
// List or Peek.
func (a *Account) Opened(path string) error {
	if !a.RefreshToken.Sealed() && !a.AccessToken.Sealed() {
		return nil
	}
	e := &SealedError{Path: path, Name: a.Name(), Err: &seal.OpenError{Reason: "it was read without its key"}}
	if a.from != nil && a.from.locked != nil {
		e.Err = a.from.locked
	}
	return e
}

// opened returns the document with its tokens opened, as far as the key opens them. Where the key is not to be had the
// error is a *seal.KeyError. before is an earlier one, or nil: what has not changed since is not opened again.
func (d *document) opened(z Sealing, before *document) (*document, error) {
	if d == nil {
		return nil, nil
	}
	if d.base != nil || !d.sealed() {
		return d, nil
	}
	o := &document{raw: d.raw, entries: slices.Clone(d.entries), active: d.active, later: d.later, base: d}
	for i := range o.entries {
		e := &o.entries[i]
		e.of = nil
		if e.takeOver(before, i) {
			continue
		}
		if err := e.open(z); err != nil {
			return nil, err
		}
	}
	o.findDuplicates()
	return o, nil
}

// sealed says whether any token in it is.
func (d *document) sealed() bool {
	return slices.ContainsFunc(d.entries, func(e entry) bool { return e.was.RefreshToken.Sealed() || e.was.AccessToken.Sealed() })
}

// takeOver takes the tokens from an earlier document where they are the same.
func (e *entry) takeOver(before *document, i int) bool {
	if before == nil || i >= len(before.entries) {
		return false
	}
	b := &before.entries[i]
	if b.stored != e.stored || b.was.RefreshToken.Sealed() || b.was.AccessToken.Sealed() || b.was.OwnerID() != e.was.OwnerID() || b.was.UUID != e.was.UUID {
		return false
	}
	e.was.RefreshToken, e.was.AccessToken = b.was.RefreshToken, b.was.AccessToken
	return true
}

// open opens the entry's tokens. What the key does not open stays sealed; that the key is not to be had is an error.
func (e *entry) open(z Sealing) error {
	at := func(kind string) seal.Place {
		if e.noUUID && e.was.CredentialOwnerID == "" {
			return seal.Place{Kind: kind} // somebody took the uuid out
		}
		return e.was.place(kind)
	}
	refresh, rerr := z.open(e.was.RefreshToken, at(kindRefresh))
	access, aerr := z.open(e.was.AccessToken, at(kindAccess))
	for _, err := range []error{rerr, aerr} {
		if isKeyError(err) {
			return err
		}
		if err != nil {
			e.locked = err
		}
	}
	if e.locked == nil {
		e.was.RefreshToken, e.was.AccessToken = refresh, access
	}
	return nil
}
