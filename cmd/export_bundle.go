package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
	"github.com/kyoli-gam/kyoli/internal/env"
	"github.com/kyoli-gam/kyoli/pkg/manager/pools"
	"github.com/kyoli-gam/kyoli/pkg/migrate"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// bundle is what an export holds.
type bundle struct {
	data      []byte
	providers []string
	uuids     []string
	refresh   map[store.Secret]bool // the refresh tokens
}

func (f *Factory) bundle(ctx context.Context, o *exportOptions) (*bundle, error) {
	found, err := f.toExport(ctx, o.Accounts)
	if err != nil {
		return nil, err
	}
	ids, by := byProvider(found)
	b := &bundle{providers: ids, refresh: map[store.Secret]bool{}}
	var parts []migrate.Part
	for _, id := range ids {
		backend, err := f.Store(id)
		if err != nil {
			return nil, err
		}
		accounts, err := backend.Load(ctx)
		if err != nil {
			return nil, err
		}
		for _, uuid := range by[id] {
			if a := accounts.Get(uuid); a != nil {
				b.refresh[a.RefreshToken] = true
			}
		}
		b.uuids = append(b.uuids, by[id]...)
		parts = append(parts, migrate.Part{Provider: id, Accounts: accounts, UUIDs: by[id]})
	}
	var poolsFile []byte
	if len(o.Accounts) == 0 && f.opts.Provider == "" {
		if poolsFile, err = f.poolsToExport(ctx); err != nil {
			return nil, err
		}
	}
	b.data, err = migrate.Bundle(poolsFile, parts...)
	return b, err
}

// toExport are the accounts that are meant.
func (f *Factory) toExport(ctx context.Context, names []string) ([]located, error) {
	if len(names) > 0 {
		return f.locate(ctx, names...)
	}
	found, err := f.locateAll(ctx)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("nothing to export: %w", f.noAccounts())
	}
	return found, err
}

// poolsToExport is the content of the file of pools and chains beside the
// accounts; nil where there are none.
func (f *Factory) poolsToExport(ctx context.Context) ([]byte, error) {
	file, err := f.ownPools()
	if err != nil {
		return nil, err
	}
	c, err := file.Load(ctx)
	if err != nil || len(c.Pools)+len(c.Chains) == 0 {
		return nil, err
	}
	return c.Raw(), nil
}

// ownPools is the file of pools and chains beside the accounts. The working
// directory's own belongs to a project, not to the accounts.
func (f *Factory) ownPools() (*pools.File, error) {
	c, err := f.Config()
	if err != nil {
		return nil, err
	}
	return pools.Open(pools.Locate(c.Dir, ""), pools.Options{
		LockTimeout: f.opts.LockTimeout, Now: f.now,
		OnWait: func(holder string) { f.noteWait("waiting for the pools, which are locked by %s", holder) },
	}), nil
}

// rotated tells whether $KYOLI_ACCOUNTS has other logins than the export.
func (f *Factory) rotated(b *bundle, o *exportOptions) (bool, error) {
	value := f.Env.Get(env.Accounts)
	if value == "" {
		return false, usageErrorf("kyoli export --to FILE", "--if-rotated compares with $%s, which is not set", env.Accounts)
	}
	h, err := f.haulOf("$"+env.Accounts, []byte(value), fromKyoli, &o.unlockOptions)
	if err != nil {
		return false, err
	}
	known := map[store.Secret]bool{}
	for _, c := range h.copies {
		if c.login != nil {
			known[store.Secret(c.login.Refresh)] = true
		}
	}
	for token := range b.refresh {
		if !known[token] {
			return true, nil
		}
	}
	return false, nil
}

// seal is the export as it is written.
func (o *exportOptions) seal(f *Factory, plain []byte) ([]byte, error) {
	if o.Plaintext {
		return plain, nil
	}
	armored := o.Armor || o.toStdout() && f.outTTY()
	if o.encryption() == "recipients" {
		to, err := recipientsOf(o.Recipients, o.RecipientFiles)
		if err != nil {
			return nil, err
		}
		return migrate.Seal(plain, armored, to...)
	}
	phrase, err := f.newPassphrase(o.PassphraseFile)
	if err != nil {
		return nil, err
	}
	to, err := migrate.Passphrase(phrase, f.passphraseWork)
	if err != nil {
		return nil, err
	}
	return migrate.Seal(plain, armored, to)
}

func (f *Factory) writeExport(o *exportOptions, data []byte) error {
	if o.toStdout() {
		_, err := f.Out.Write(data)
		return err
	}
	switch err := atomicfile.Write(o.To, data, atomicfile.Options{NoReplace: !o.Force}); {
	case errors.Is(err, fs.ErrExist):
		return o.exists()
	case errors.Is(err, fs.ErrNotExist):
		return withHint(&store.WriteError{Path: o.To, Err: err}, "mkdir -p "+shellQuote(filepath.Dir(o.To)))
	case err != nil:
		return &store.WriteError{Path: o.To, Err: err}
	}
	_ = atomicfile.Sweep(o.To) // what one that was killed in the midst of it left behind
	return nil
}
