//go:build !linux

package main

import "time"

// cpu and resident are known on Linux only.
func cpu(int) time.Duration { return 0 }
func resident(int) int      { return 0 }
