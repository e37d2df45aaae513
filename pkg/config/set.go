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
	if err := atomicfile.MkdirPrivate(c.Dir); err != nil {
		return err
	}
	lock, err := filelock.Acquire(ctx, c.File, filelock.Options{Timeout: c.LockTimeout})
	if err != nil {
		return err
	}
	return errors.Join(c.setLocked(path, scalar), lock.Release())
}

func (c *Config) setLocked(path []string, scalar *yaml.Node) error {
	data, err := readFile(c.File)
	if err != nil {
		return err
	}
	if _, err := parse(c.File, data); err != nil {
		return err
	}
	changed, err := edit(data, path, scalar)
	if err != nil {
		return &Error{File: c.File, Key: strings.Join(path, "."), Reason: err.Error()}
	}
	now, err := parse(c.File, changed)
	if err != nil {
		return err
	}
	if path[0] == sectionAdapters && c.CheckAdapters != nil {
		if err := c.CheckAdapters(now.adapters, c.File); err != nil {
			return err
		}
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
