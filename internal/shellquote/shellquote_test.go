package shellquote

import (
	"os/exec"
	"testing"
)

func TestWord(t *testing.T) {
	for in, want := range map[string]string{
		"":             "''",
		"/home/a-b.c":  "/home/a-b.c",
		"me@x.com":     "me@x.com",
		"a b":          "'a b'",
		"it's":         `'it'\''s'`,
		"~/x":          "'~/x'",
		"$(reboot)":    "'$(reboot)'",
		"a\nb":         "'a\nb'",
		`C:\Users\me`:  `'C:\Users\me'`,
		"größe":        "'größe'",
		"x=1,2%3+4:5/": "x=1,2%3+4:5/",
	} {
		if got := Word(in); got != want {
			t.Errorf("Word(%q) = %s, want %s", in, got, want)
		}
	}
}

func FuzzWord(f *testing.F) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		f.Skip("there is no POSIX shell on this machine")
	}
	for _, seed := range []string{"", "a b", "it's", "-n", "$x `y` \\", "\x1b[0m"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for i := range len(s) {
			if s[i] == 0 {
				t.Skip("no argument holds a zero byte")
			}
		}
		out, err := exec.Command(sh, "-c", "printf %s "+Word("x"+s)).Output()
		if err != nil || string(out) != "x"+s {
			t.Errorf("%q came back as %q, %v", "x"+s, out, err)
		}
	})
}
