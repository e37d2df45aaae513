package cmd

import (
	"errors"

	"github.com/kyoli-gam/kyoli/internal/seal"
)

// checkKey looks whether the keys of sealed tokens are to be had: the one that the settings want, and those that the
// accounts need.
func (d *doctor) checkKey() {
	sealing := d.f.sealing()
	needed := map[seal.Scheme]bool{sealing.Scheme(): true}
	for _, i := range d.seen.accounts {
		if i.Accounts == nil {
			continue
		}
		for _, a := range i.Accounts.List {
			needed[a.Sealed()] = true
		}
	}
	for _, scheme := range []seal.Scheme{seal.Keyring, seal.Age} {
		if !needed[scheme] {
			continue
		}
		var key *seal.KeyError
		if err := sealing.Box.Ready(scheme); errors.As(err, &key) {
			d.found(finding{
				ID: "key-missing", Severity: severityError, Message: key.Error(),
				Why: "sealed tokens cannot be read: accounts are listed, and nothing is done with them", Fix: key.Hint(),
			})
		}
	}
}
