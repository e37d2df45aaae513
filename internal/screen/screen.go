// Package screen takes over a terminal's screen for something that is drawn again
// and again, and gives it back.
//
// It promises that after [Screen.Leave] the terminal is as it was before
// [Open]: what was on the screen, the cursor, and how keys are read. Leave may be
// called at any time, from any goroutine, and more than once; so a signal can give
// the terminal back while something is being drawn. Ctrl-C and the like stay
// signals.
package screen

import (
	"bytes"
	"os"
	"sync"

	"golang.org/x/term"
)

// The control sequences (ECMA-48, and DEC private modes as every terminal
// emulator has them): another screen, no cursor, no wrapping.
const (
	enter   = "\x1b[?1049h\x1b[?25l\x1b[?7l"
	leave   = "\x1b[?7h\x1b[?25h\x1b[?1049l"
	home    = "\x1b[H"
	restOf  = "\x1b[K" // erase the rest of the line
	below   = "\x1b[J" // erase all that is below
	newLine = "\r\n"
)

// Screen is a terminal that was taken over.
type Screen struct {
	in, out *os.File

	mu      sync.Mutex
	restore func() // how keys are read again as before; nil = nothing to restore
	active  bool
	left    bool
	keys    chan byte
	reading sync.Once
}

// Open takes over the terminal that out is. Keys are read from in, where that is
// a terminal too; else there are none.
func Open(in, out *os.File) (*Screen, error) {
	s := &Screen{in: in, out: out, keys: make(chan byte)}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s, s.take()
}

// take takes the terminal over. The caller holds mu.
func (s *Screen) take() error {
	restore, err := prepare(s.in, s.out)
	if err != nil {
		return err
	}
	s.restore, s.active = restore, true
	_, err = s.out.WriteString(enter)
	return err
}

// give gives the terminal back. The caller holds mu.
func (s *Screen) give() {
	if !s.active {
		return
	}
	s.active = false
	_, _ = s.out.WriteString(leave) // where it cannot be written there is nobody to see it
	s.restore()
}

// Leave gives the terminal back for good.
func (s *Screen) Leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.give()
	s.left = true
}

// Suspend gives the terminal back until resume is called, for a process that is
// about to be stopped.
func (s *Screen) Suspend() (resume func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.give()
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if !s.left && !s.active {
			_ = s.take() // what is drawn next tells
		}
	}
}

// Size is the terminal's size in cells, 0 where it is not known.
func (s *Screen) Size() (width, height int) {
	width, height, err := term.GetSize(int(s.out.Fd()))
	if err != nil {
		return 0, 0
	}
	return width, height
}

// Draw draws lines from the top, and clears the rest. It draws nothing while the
// terminal is given back. Lines must not be longer than the screen is wide.
func (s *Screen) Draw(lines []string) error {
	var frame bytes.Buffer
	frame.WriteString(home)
	for i, line := range lines {
		if i > 0 {
			frame.WriteString(newLine)
		}
		frame.WriteString(line)
		frame.WriteString(restOf)
	}
	frame.WriteString(below)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.active {
		return nil
	}
	_, err := s.out.Write(frame.Bytes())
	return err
}

// Keys are the bytes that are typed. Reading begins with the first call.
func (s *Screen) Keys() <-chan byte {
	s.reading.Do(func() {
		if !term.IsTerminal(int(s.in.Fd())) {
			return
		}
		go s.read()
	})
	return s.keys
}

// read ends with the process, or when the terminal goes.
func (s *Screen) read() {
	var b [1]byte
	for {
		n, err := s.in.Read(b[:])
		if err != nil {
			return
		}
		if n == 1 {
			s.keys <- b[0]
		}
	}
}
