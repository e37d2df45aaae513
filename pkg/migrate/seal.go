package migrate

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

const (
	// sealedIntro begins a file that is encrypted with age (https://age-encryption.org/v1).
	sealedIntro = "age-encryption.org/v1\n"
	// defaultWork is age's own: 2^18, about a second and 256 MiB.
	defaultWork = 18
	// maxWork bounds what is spent on a file from elsewhere: 2^20 takes 1 GiB.
	maxWork = 20
)

// Sealed tells whether data is encrypted with age, in binary or in ASCII.
func Sealed(data []byte) bool {
	return bytes.HasPrefix(data, []byte(sealedIntro)) || armored(data)
}

func armored(data []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte(armor.Header))
}

// Passphrase is a recipient of [Seal] who has a passphrase. Another recipient
// beside it is not possible. Trying one passphrase costs 2^work steps of scrypt
// (RFC 7914); 0 is age's default.
func Passphrase(phrase store.Secret, work int) (age.Recipient, error) {
	if work == 0 {
		work = defaultWork
	}
	r, err := age.NewScryptRecipient(phrase.Reveal())
	if err != nil {
		return nil, errors.New("the passphrase is empty")
	}
	r.SetWorkFactor(work)
	return r, nil
}

// Seal encrypts plain with age for those recipients; inASCII makes text of it,
// which can be pasted.
func Seal(plain []byte, inASCII bool, to ...age.Recipient) ([]byte, error) {
	var out bytes.Buffer
	var dst io.Writer = &out
	var ascii io.WriteCloser
	if inASCII {
		ascii = armor.NewWriter(&out)
		dst = ascii
	}
	w, err := age.Encrypt(dst, to...)
	if err != nil {
		return nil, err
	}
	_, err = w.Write(plain)
	err = errors.Join(err, w.Close())
	if ascii != nil {
		err = errors.Join(err, ascii.Close())
	}
	return out.Bytes(), err
}

// Keys are what [Unseal] may open a file with.
type Keys struct {
	// Identities are age's.
	Identities []age.Identity
	// Passphrase is asked for where the file wants one, once. It may be nil.
	Passphrase func() (store.Secret, error)
}

// SealError says that an encrypted file cannot be opened.
type SealError struct {
	// Source is the file.
	Source string
	// Reason says why, in words.
	Reason string
	// Damaged means that no key would help.
	Damaged bool
	// NeedsIdentity means that it is encrypted for a key, and that none was given.
	NeedsIdentity bool
	// WrongPassphrase means that another passphrase may open it, and WrongIdentity
	// that another key may.
	WrongPassphrase, WrongIdentity bool
}

// Error implements error.
func (e *SealError) Error() string { return e.Source + " cannot be decrypted: " + e.Reason }

// Unseal decrypts what was encrypted with age. The plain text is shorter than
// data, so whoever bounds that bounds both. The error is a *[SealError], or the
// one of keys.Passphrase.
func Unseal(source string, data []byte, keys Keys) ([]byte, error) {
	var src io.Reader = bytes.NewReader(data)
	if armored(data) {
		src = armor.NewReader(src)
	}
	asked := &askedIdentity{ask: keys.Passphrase}
	plain, err := age.Decrypt(src, append([]age.Identity{asked}, keys.Identities...)...)
	if err == nil {
		var all []byte
		if all, err = io.ReadAll(plain); err == nil {
			return all, nil
		}
	}
	if asked.err != nil {
		return nil, asked.err
	}
	return nil, unsealError(source, err, asked, len(keys.Identities))
}

func unsealError(source string, err error, asked *askedIdentity, identities int) error {
	e := &SealError{Source: source}
	var none *age.NoIdentityMatchError
	switch {
	case asked.dear:
		e.Reason = fmt.Sprintf("its passphrase is meant to be tried at a cost (scrypt work factor) above 2^%d", maxWork)
	case !errors.As(err, &none):
		e.Reason, e.Damaged = "it is damaged or cut short", true
	case asked.wanted:
		e.Reason, e.WrongPassphrase = "the passphrase is wrong", true
	case identities == 0:
		e.Reason, e.NeedsIdentity = "it is encrypted for a key, and no identity was given", true
	default:
		e.Reason, e.WrongIdentity = "it is not encrypted for any of the identities given", true
	}
	return e
}

// askedIdentity is a passphrase that is asked for when a file turns out to want
// one.
type askedIdentity struct {
	ask    func() (store.Secret, error)
	wanted bool  // the file wants a passphrase
	dear   bool  // and more work than it may
	err    error // of asking
}

// Unwrap implements age.Identity.
func (i *askedIdentity) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	if len(stanzas) != 1 || stanzas[0].Type != "scrypt" || i.ask == nil {
		return nil, age.ErrIncorrectIdentity
	}
	i.wanted = true
	if i.dear = tooDear(stanzas[0]); i.dear {
		return nil, age.ErrIncorrectIdentity
	}
	phrase, err := i.ask()
	if err != nil {
		i.err = err
		return nil, err
	}
	id, err := age.NewScryptIdentity(phrase.Reveal())
	if err != nil { // it is empty
		return nil, age.ErrIncorrectIdentity
	}
	id.SetMaxWorkFactor(maxWork)
	return id.Unwrap(stanzas)
}

// tooDear tells whether a passphrase's stanza asks for too much work, before
// anybody is asked for the passphrase. What is no such stanza is age's to refuse.
func tooDear(s *age.Stanza) bool {
	var factor int
	if len(s.Args) != 2 {
		return false
	}
	_, err := fmt.Sscanf(s.Args[1], "%d", &factor)
	return err == nil && factor > maxWork
}

// ParseRecipients reads public keys, one a line, as age does ("age1…", "#" begins
// a comment). The error is a *[SourceError] and quotes nothing: the file may be one
// of identities by mistake.
func ParseRecipients(source string, r io.Reader) ([]age.Recipient, error) {
	list, err := age.ParseRecipients(io.LimitReader(r, maxKeyFile))
	if err != nil {
		return nil, &SourceError{Source: source, Reason: "is not a list of age recipients (age1…), one a line"}
	}
	return list, nil
}

// ParseIdentities reads age identities, one a line, as age-keygen writes them. The
// error is a *[SourceError] and quotes nothing.
func ParseIdentities(source string, r io.Reader) ([]age.Identity, error) {
	list, err := age.ParseIdentities(io.LimitReader(r, maxKeyFile))
	if err != nil {
		return nil, &SourceError{Source: source, Reason: "is not a file of age identities (AGE-SECRET-KEY-1…), as age-keygen writes it"}
	}
	return list, nil
}

// maxKeyFile is how much of a file of keys is read, in bytes.
const maxKeyFile = 1 << 20
