package cmd

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"

	"github.com/kyoli-gam/kyoli/internal/screen"
)

// terminal is where questions are asked: never stdin, which stays free for data.
type terminal interface {
	io.ReadWriteCloser
	// Hide has what is typed not shown, until Restore's function is called.
	Hide() error
	// ReadSecret reads a line that is not shown; io.EOF comes with what was typed
	// before the person ended the input.
	ReadSecret() (string, error)
	// Restore returns what brings the terminal back to what it is now.
	Restore() func()
}

// Confirm asks a question on the terminal; anything but y or yes is no. Where
// nothing may be asked, or there is no terminal, it fails and names --yes.
func (f *Factory) Confirm(question string) (bool, error) {
	what, _, _ := strings.Cut(question, "\n")
	tty, err := f.ask(strings.TrimRight(what, "?"), instead{"--yes", f.again("--yes")})
	if err != nil {
		return false, err
	}
	defer tty.Close()
	fmt.Fprintf(tty, "%s [y/N] ", cleanLines(question))
	line, err := bufio.NewReader(tty).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false, fmt.Errorf("read the answer: %w", err)
	}
	answer := strings.ToLower(strings.TrimSpace(line))
	return answer == "y" || answer == "yes", nil
}

// Secret asks for a secret on the terminal without showing it.
func (f *Factory) Secret(prompt string) (string, error) {
	secret, err := f.secretLine(prompt, instead{give: "data on stdin"})
	return strings.TrimSpace(secret), err
}

// secretLine is Secret for one in which spaces count.
func (f *Factory) secretLine(prompt string, other instead) (string, error) {
	tty, err := f.ask(prompt, other)
	if err != nil {
		return "", err
	}
	defer tty.Close()
	var secret string
	restore := tty.Restore()
	f.whileHidden(tty, func() {
		defer restore()
		if err = tty.Hide(); err != nil { // before anybody who sees the prompt can paste
			return
		}
		fmt.Fprintf(tty, "%s: ", cleanLines(prompt))
		secret, err = tty.ReadSecret()
		fmt.Fprintln(tty)
	})
	switch {
	case errors.Is(err, io.EOF) && secret == "": // Ctrl-D
		return "", failf(exitCancelled, other.hint, "%s: cancelled, nothing was entered", prompt)
	case err != nil && !errors.Is(err, io.EOF):
		return "", fmt.Errorf("read the secret: %w", err)
	}
	return strings.TrimRight(secret, "\r\n"), nil
}

// instead is what can be given where nothing may be asked.
type instead struct {
	give string // in words
	hint string // the command with it; "" = none is known
}

// ask opens the terminal. A process none of whose streams is one has nobody who
// watches it, even where it still belongs to a terminal.
func (f *Factory) ask(what string, other instead) (terminal, error) {
	if f.NoInput() {
		return nil, failf(exitCancelled, other.hint, "%s: not asked because of --no-input; give %s", what, other.give)
	}
	if f.Terminal != nil && (f.inTTY() || f.outTTY() || f.errTTY()) {
		if tty, err := f.Terminal(); err == nil {
			return tty, nil
		}
	}
	return nil, failf(exitCancelled, other.hint, "%s: there is no terminal to ask on; give %s", what, other.give)
}

// again is the command line that was given, with something more: one flag, whose
// value takes the place of the one that was given. It is "" where the command line
// is not known, or names something that looks like a credential.
func (f *Factory) again(more ...string) string {
	own := beforeDashes(f.args)
	if f.args == nil || slices.ContainsFunc(f.args, looksSecret) {
		return ""
	}
	rest := f.args[len(own):]
	if len(more) == 2 {
		own = withoutFlag(own, more[0])
	}
	words := []string{"kyoli"}
	for _, word := range slices.Concat(own, more, rest) {
		words = append(words, quoteWord(word))
	}
	return strings.Join(words, " ")
}

// withoutFlag takes a flag and its value out.
func withoutFlag(args []string, flag string) []string {
	var left []string
	for i := 0; i < len(args); i++ {
		switch {
		case args[i] == flag:
			i++ // its value
		case !strings.HasPrefix(args[i], flag+"="):
			left = append(left, args[i])
		}
	}
	return left
}

// osTerminal is the controlling terminal of the process.
type osTerminal struct{ in, out *os.File }

func (t osTerminal) Read(p []byte) (int, error)  { return t.in.Read(p) }
func (t osTerminal) Write(p []byte) (int, error) { return t.out.Write(p) }

// Close closes the terminal.
func (t osTerminal) Close() error {
	if t.out != t.in {
		t.out.Close()
	}
	return t.in.Close()
}

// Hide has what is typed not shown.
func (t osTerminal) Hide() error { return screen.Hide(t.in) }

// Restore puts the terminal back into the state that it has now.
func (t osTerminal) Restore() func() {
	fd := int(t.in.Fd())
	state, err := term.GetState(fd)
	if err != nil {
		return func() {}
	}
	return func() { _ = term.Restore(fd, state) }
}
