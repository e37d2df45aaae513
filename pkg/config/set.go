package config

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
	"github.com/kyoli-gam/kyoli/internal/filelock"
)

// Set changes one value in kyoli.yaml, by its dotted key, and reads the file
// anew. It makes file and directory where they are missing, and writes nothing
// where the value is there already, where the file does not parse, or where the
// changed one would not. The error is an *Error, a *filelock.LockedError, or
// wraps the one of the file system.
func (c *Config) Set(ctx context.Context, key, value string) error {
	path, err := SplitKey(key)
	if err != nil {
		return err
	}
	scalar, err := scalarFor(key, path, value)
	if err != nil {
		return err
	}
	return c.change(ctx, key, path[0] == sectionAdapters, func(data []byte) ([]byte, error) { return edit(data, path, scalar) })
}

// change makes one change of the file under its lock, durably, and reads it anew.
func (c *Config) change(ctx context.Context, key string, adapters bool, edit func(data []byte) ([]byte, error)) error {
	if err := atomicfile.MkdirPrivate(c.Dir); err != nil {
		return err
	}
	lock, err := filelock.Acquire(ctx, c.File, filelock.Options{Timeout: c.LockTimeout})
	if err != nil {
		return err
	}
	return errors.Join(c.changeLocked(key, adapters, edit), lock.Release())
}

func (c *Config) changeLocked(key string, adapters bool, edit func(data []byte) ([]byte, error)) error {
	data, changed, now, err := c.changed(key, adapters, edit)
	if err != nil {
		return err
	}
	if !bytes.Equal(data, changed) {
		if err := atomicfile.Write(c.File, changed, atomicfile.Options{Perm: 0o600}); err != nil {
			return err
		}
		_ = atomicfile.Sweep(c.File) // what one that was killed in the midst of it left behind
	}
	c.content = now
	return nil
}

// changed is the file, what it would be, and what that says.
func (c *Config) changed(key string, adapters bool, edit func(data []byte) ([]byte, error)) (data, changed []byte, now content, err error) {
	if data, err = readFile(c.File); err != nil {
		return nil, nil, now, err
	}
	if _, err = parse(c.File, data); err != nil {
		return nil, nil, now, err
	}
	if changed, err = edit(data); err != nil {
		return nil, nil, now, &Error{File: c.File, Key: key, Reason: err.Error()}
	}
	if now, err = parse(c.File, changed); err != nil {
		return nil, nil, now, err
	}
	if adapters && c.CheckAdapters != nil {
		err = c.CheckAdapters(now.adapters, c.File)
	}
	return data, changed, now, err
}

// scalarFor checks a value from the command line and makes it a YAML scalar.
func scalarFor(key string, path []string, value string) (*yaml.Node, error) {
	if strings.ContainsFunc(value, unicode.IsControl) {
		return nil, &Error{Key: key, Reason: "want one line of text"}
	}
	if path[0] == sectionAdapters {
		return stringScalar(value), nil
	}
	_, name := Setting(path)
	k := keyNamed(name)
	v, wrong := k.fromText(strings.TrimSpace(value))
	if wrong != "" {
		return nil, &Error{Key: key, Reason: wrong}
	}
	if s, ok := v.(string); ok {
		return stringScalar(s), nil
	}
	var node yaml.Node
	return &node, node.Encode(plain(v))
}

// plain is a value as the library writes it without an exponent.
func plain(v any) any {
	if f, ok := v.(float64); ok && f == float64(int64(f)) {
		return int64(f)
	}
	return v
}

// stringScalar is quoted where it would read as something else.
func stringScalar(s string) *yaml.Node {
	node := &yaml.Node{}
	node.SetString(s)
	return node
}

// Check says whether a setting may have a value, and changes nothing. The error
// is an *Error.
func Check(key, value string) error {
	path, err := SplitKey(key)
	if err != nil {
		return err
	}
	_, err = scalarFor(key, path, value)
	return err
}
