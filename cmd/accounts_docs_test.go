package cmd

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// docs/accounts.md is what scripts are written from.
func TestDocsNameEveryFieldAndStatus(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/accounts.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []any{accountRow{}, usageRow{}, windowRow{}, claimedRow{}, addRow{}} {
		for _, field := range reflect.VisibleFields(reflect.TypeOf(row)) {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if name != "" && !strings.Contains(string(page), "`"+name+"`") && !strings.Contains(string(page), `"`+name+`"`) {
				t.Errorf("docs/accounts.md does not name %s", name)
			}
		}
	}
	for status, words := range statusWords {
		if !strings.Contains(string(page), "| `"+string(status)+"` | "+words.Text+" |") {
			t.Errorf("docs/accounts.md does not say what %s means", status)
		}
	}
}
