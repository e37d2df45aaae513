//go:build unix

package cmd

import (
	"io"
	"strings"
	"testing"
)

func TestReadLineStopsAtItsEnd(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text, line, rest string
		err              error
	}{
		{"one\ntwo\n", "one", "two\n", nil},
		{"\n", "", "", nil},
		{"", "", "", io.EOF},
		{"half", "half", "", io.EOF},
	} {
		r := strings.NewReader(tt.text)
		line, err := readLine(r)
		rest, _ := io.ReadAll(r)
		if line != tt.line || err != tt.err || string(rest) != tt.rest { //nolint:errorlint // io.EOF comes as it is
			t.Errorf("%q: %q, %v, rest %q", tt.text, line, err, rest)
		}
	}
}
