package cmd

import (
	"errors"
	"io"
	"os"
	"strings"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/internal/env"
	"github.com/kyoli-gam/kyoli/pkg/migrate"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// unlockOptions are with what an encrypted export is opened.
type unlockOptions struct {
	Identities     []string // files of age identities
	PassphraseFile string
}

func (o *unlockOptions) addFlags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringArrayVarP(&o.Identities, "identity", "i", nil, "age identity `file` that opens an encrypted export (may be repeated)")
	fs.StringVar(&o.PassphraseFile, "passphrase-file", "", "read the passphrase from this `file` instead of asking (or $"+env.Passphrase+")")
	_ = cmd.MarkFlagFilename("identity")
	_ = cmd.MarkFlagFilename("passphrase-file")
}

// keys are what Unseal may use: the identities, and the passphrase once it is wanted.
func (o *unlockOptions) keys(f *Factory, source string) (migrate.Keys, error) {
	keys := migrate.Keys{Passphrase: func() (store.Secret, error) {
		return f.passphrase(o.PassphraseFile, "passphrase of "+source)
	}}
	for _, path := range o.Identities {
		err := withFile(path, func(r io.Reader) error {
			list, err := migrate.ParseIdentities(path, r)
			keys.Identities = append(keys.Identities, list...)
			return err
		})
		if err != nil {
			return keys, err
		}
	}
	return keys, nil
}

// unseal is data without its encryption, where it has one.
func (f *Factory) unseal(source string, data []byte, o *unlockOptions) ([]byte, error) {
	if !migrate.Sealed(data) {
		return data, nil
	}
	keys, err := o.keys(f, source)
	if err != nil {
		return nil, err
	}
	plain, err := migrate.Unseal(source, data, keys)
	var sealed *migrate.SealError
	switch {
	case !errors.As(err, &sealed):
		return plain, err
	case sealed.NeedsIdentity:
		return nil, usageErrorf(f.again("--identity", "FILE"), "%w; FILE is what age-keygen wrote", err)
	case sealed.WrongIdentity:
		return nil, withHint(err, f.again("--identity", "FILE"))
	case sealed.WrongPassphrase && o.PassphraseFile == "" && f.Env.Get(env.Passphrase) == "":
		return nil, withHint(err, f.again())
	case sealed.WrongPassphrase:
		return nil, withHint(err, f.again("--passphrase-file", "FILE"))
	}
	return nil, err
}

const maxPassphrase = 4 << 10

// passphrase is the file's, else the environment's, else what is typed.
func (f *Factory) passphrase(file, prompt string) (store.Secret, error) {
	if file != "" {
		return passphraseIn(file)
	}
	if phrase := strings.TrimRight(f.Env.Get(env.Passphrase), "\r\n"); phrase != "" {
		return store.Secret(phrase), nil
	}
	other := instead{"--passphrase-file FILE or $" + env.Passphrase, f.again("--passphrase-file", "FILE")}
	phrase, err := f.secretLine(prompt, other)
	if err == nil && phrase == "" {
		err = failf(exitCancelled, other.hint, "no passphrase was given")
	}
	return store.Secret(phrase), err
}

func passphraseIn(file string) (phrase store.Secret, err error) {
	err = withFile(file, func(r io.Reader) error {
		data, err := io.ReadAll(io.LimitReader(r, maxPassphrase+1))
		if err != nil {
			return err
		}
		text := strings.TrimRight(string(data), "\r\n")
		switch {
		case text == "":
			return usageErrorf("", "%s: the passphrase is empty", file)
		case len(data) > maxPassphrase, strings.ContainsAny(text, "\r\n"):
			return usageErrorf("", "%s: a passphrase is one line of at most %d KiB", file, maxPassphrase>>10)
		}
		phrase = store.Secret(text)
		return nil
	})
	return phrase, err
}

// newPassphrase is a passphrase for something new. One that is typed is typed
// twice, for a slip would lock the export up for good.
func (f *Factory) newPassphrase(file string) (store.Secret, error) {
	first, err := f.passphrase(file, "passphrase for the export")
	if err != nil || file != "" || f.Env.Get(env.Passphrase) != "" {
		return first, err
	}
	again, err := f.secretLine("the same once more", instead{hint: f.again()})
	if err == nil && store.Secret(again) != first {
		err = failf(exitCancelled, f.again(), "the two passphrases differ, and nothing was written")
	}
	return first, err
}

// recipientsOf are the public keys that flags and files name.
func recipientsOf(keys, files []string) ([]age.Recipient, error) {
	var all []age.Recipient
	for _, key := range keys {
		list, err := migrate.ParseRecipients("--recipient", strings.NewReader(key))
		if err != nil {
			return nil, usageErrorf("age-keygen -o key.txt", "--recipient: want a public key of age, which begins with age1")
		}
		all = append(all, list...)
	}
	for _, path := range files {
		err := withFile(path, func(r io.Reader) error {
			list, err := migrate.ParseRecipients(path, r)
			all = append(all, list...)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// withFile opens a file that a flag names.
func withFile(path string, fn func(io.Reader) error) error {
	file, err := os.Open(path)
	if err == nil {
		defer file.Close()
		err = fn(file)
	}
	var system *os.PathError
	if errors.As(err, &system) {
		return cannotRead(path, err)
	}
	return err
}
