// Command kyoli shares several accounts of one AI provider between programs.
package main

import (
	"os"

	"github.com/kyoli-gam/kyoli/cmd"
)

// version is set by the release build: -ldflags "-X main.version=v1.2.3".
var version string

func main() { os.Exit(cmd.Main(version, os.Args[1:])) }
