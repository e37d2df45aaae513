package cmd

import (
	"bytes"
	"strings"
	"testing"

	"github.com/kyoli-gam/kyoli/internal/env"
)

// What was wrong is said without repeating it where it may be a token, and help
// on what there is not is an error.
func TestUsageErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ line, want string }{
		{"accounts add --refresh-token-stdin=rt-mine", "--refresh-token-stdin is either there or not"},
		{"export rt-mine --to x", "kyoli export takes no arguments"},
		{"accounts add rt-mine", "process list"},
		{"help rt-mine", "no help topic"},
		{"help accounts rt-mine", "no help topic"},
		{"config get nonsense", "hint: kyoli config list"},
	} {
		var out, errs bytes.Buffer
		f := &Factory{Out: &out, Err: &errs, Env: env.Map(map[string]string{"HOME": t.TempDir()})}
		code := f.Run(t.Context(), strings.Fields(tt.line))
		if code != exitUsage || !strings.Contains(errs.String(), tt.want) || strings.Contains(out.String()+errs.String(), "rt-mine") {
			t.Errorf("%s: exit %d, %q, %q", tt.line, code, out.String(), errs.String())
		}
	}
	for _, line := range []string{"help", "help accounts", "help accounts add", "help exit-codes"} {
		var out, errs bytes.Buffer
		f := &Factory{Out: &out, Err: &errs, Env: env.Map(map[string]string{"HOME": t.TempDir()})}
		if code := f.Run(t.Context(), strings.Fields(line)); code != 0 || out.Len() == 0 || errs.Len() > 0 {
			t.Errorf("%s: exit %d, %q", line, code, errs.String())
		}
	}
}
