// Package env is the one way by which kyoli reads environment variables. A
// variable that is not in its registry cannot be read, so the table that
// `kyoli help environment` prints is complete by construction. Only package cmd
// uses it; everything below is handed values.
package env

import (
	"os"
	"strings"
)

// Env reads variables of one environment: the process's own or a test's.
// The zero value is an empty environment.
type Env struct {
	lookup  func(string) (string, bool)
	environ func() []string
}

// OS is the environment of this process. The variables that hold secrets of
// kyoli's own are taken out of the process as they are read, once: whatever it
// starts, a browser for instance, has them no more.
func OS() Env {
	taken := map[string]string{}
	for _, name := range ownSecrets {
		if value, ok := os.LookupEnv(name); ok && os.Unsetenv(name) == nil {
			taken[name] = value
		}
	}
	lookup := func(name string) (string, bool) {
		if value, ok := taken[name]; ok {
			return value, true
		}
		return os.LookupEnv(name)
	}
	return Env{lookup: lookup, environ: os.Environ}
}

// Map is an environment made of vars, for tests.
func Map(vars map[string]string) Env {
	return Env{
		lookup: func(name string) (string, bool) { v, ok := vars[name]; return v, ok },
		environ: func() []string {
			list := make([]string, 0, len(vars))
			for name, value := range vars {
				list = append(list, name+"="+value)
			}
			return list
		},
	}
}

// Get returns the value of a registered variable, "" when it is not set. It
// panics for a name that the registry lacks: such a variable would work without
// being documented.
func (e Env) Get(name string) string {
	if !registered(name) {
		panic("env: " + name + " is not in the registry")
	}
	return e.get(name)
}

// Bool tells whether a registered switch is on: set, and not to "", "0", "false"
// or "no".
func (e Env) Bool(name string) bool {
	switch strings.ToLower(e.Get(name)) {
	case "", "0", "false", "no", "off":
		return false
	}
	return true
}

// Named returns a variable whose name the user chose in kyoli.yaml
// (client_secret_env), which no registry can know.
func (e Env) Named(name string) string {
	return e.get(name)
}

// Environ lists the whole environment as NAME=VALUE, to be passed to a child.
func (e Env) Environ() []string {
	if e.environ == nil {
		return nil
	}
	return e.environ()
}

// Home is the user's home directory: HOME, on Windows USERPROFILE; "" when it is
// not set.
func (e Env) Home() string {
	return e.get(homeVar)
}

func (e Env) get(name string) string {
	if e.lookup == nil {
		return ""
	}
	value, _ := e.lookup(name)
	return value
}
