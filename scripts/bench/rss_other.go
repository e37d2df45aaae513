//go:build !unix

package main

import "os"

// maxRSS is not told by this platform's process state.
func maxRSS(*os.ProcessState) int64 { return 0 }
