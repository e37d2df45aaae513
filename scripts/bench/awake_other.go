//go:build !linux

package main

import "errors"

// spin is known on Linux only.
func spin() error { return errors.New("processors can be kept awake on Linux only") }
