package cmd

import "testing"

func TestAgain(t *testing.T) {
	t.Parallel()
	token := "sk-" + "abcdefghijklmnopqrstuvwxyz"
	for _, tt := range []struct {
		args []string
		more []string
		want string
	}{
		{nil, []string{"--yes"}, ""},
		{[]string{"accounts", "rm", "my work"}, []string{"--yes"}, "kyoli accounts rm 'my work' --yes"},
		{[]string{"export"}, nil, "kyoli export"},
		{[]string{"import", "x", "--passphrase-file", "p", "-q"}, []string{"--passphrase-file", "FILE"}, "kyoli import x -q --passphrase-file FILE"},
		{[]string{"import", "--passphrase-file=p", "x"}, []string{"--passphrase-file", "FILE"}, "kyoli import x --passphrase-file FILE"},
		{[]string{"exec", "--", "sh", "-c", "a b"}, []string{"--min-ttl", "1m"}, "kyoli exec --min-ttl 1m -- sh -c 'a b'"},
		{[]string{"exec", "--", "curl", token}, []string{"--wait", "5m"}, ""},
	} {
		f := &Factory{args: tt.args}
		if got := f.again(tt.more...); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.args, got, tt.want)
		}
	}
}
