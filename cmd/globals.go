package cmd

import (
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// globalOptions are the flags that every command has.
type globalOptions struct {
	Format      string
	JSON        bool
	ConfigDir   string
	Provider    string
	NoInput     bool
	Quiet       bool
	Debug       bool
	LockTimeout time.Duration
}

// Output formats.
const (
	formatTable = "table"
	formatJSON  = "json"
	formatYAML  = "yaml"
	formatTSV   = "tsv"
)

var formats = []string{formatTable, formatJSON, formatYAML, formatTSV}

const defaultLockTimeout = 30 * time.Second

func (o *globalOptions) addFlags(fs *pflag.FlagSet) {
	fs.StringVar(&o.Format, "format", "", "output as "+strings.Join(formats, ", ")+" (default: table on a terminal, else tsv)")
	fs.BoolVar(&o.JSON, "json", false, "short for --format json")
	fs.StringVar(&o.ConfigDir, "config-dir", "", "directory of kyoli's files")
	fs.StringVar(&o.Provider, "provider", "", "only accounts of this provider")
	fs.BoolVar(&o.NoInput, "no-input", false, "never ask a question")
	fs.BoolVarP(&o.Quiet, "quiet", "q", false, "no notes on stderr")
	fs.BoolVar(&o.Debug, "debug", false, "say on stderr what is done (never a secret)")
	fs.DurationVar(&o.LockTimeout, "lock-timeout", defaultLockTimeout, "how long to wait for another process's lock")
}

// validate checks what pflag cannot.
func (o *globalOptions) validate() error {
	switch {
	case o.Format != "" && !slices.Contains(formats, o.Format):
		return flagErrorf("--format %q: one of %s", o.Format, strings.Join(formats, ", "))
	case o.JSON && o.Format != "" && o.Format != formatJSON:
		return flagErrorf("--json and --format %s contradict each other", o.Format)
	case o.LockTimeout <= 0:
		return flagErrorf("--lock-timeout %s: must be above 0", o.LockTimeout)
	}
	return nil
}

func (o *globalOptions) wantsJSON() bool {
	return o.JSON || o.Format == formatJSON
}
