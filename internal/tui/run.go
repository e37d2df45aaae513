package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	tea "charm.land/bubbletea/v2"
)

// Run shows the pages until they are left or ctx ends, which is no error. What is
// being done then is cancelled, and waited for.
func (a *App) Run(ctx context.Context) (Outcome, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	m := newModel(ctx, a)
	options := []tea.ProgramOption{
		tea.WithInput(a.In), tea.WithOutput(a.Out), tea.WithoutSignalHandler(),
	}
	if a.Environ != nil {
		options = append(options, tea.WithEnvironment(a.Environ))
	}
	return m.run(tea.NewProgram(m, options...))
}

// suspending is how a program on the screen can be stopped and killed from outside.
type suspending struct {
	program *tea.Program
	ended   chan struct{}
}

func (m *model) run(p *tea.Program) (Outcome, error) {
	s := &suspending{program: p, ended: make(chan struct{})}
	m.send, m.outer = p.Send, s
	m.taken()
	defer m.app.Host.Taken(nil, nil)
	defer context.AfterFunc(m.ctx, m.giveBack)()
	_, err := p.Run()
	close(s.ended)
	if m.busy != nil { // what it has begun must not be broken off in the middle
		m.busy.cancel()
		<-m.busy.ended
	}
	switch {
	case err == nil, m.ctx.Err() != nil && !errors.Is(err, tea.ErrProgramPanic):
		return m.outcome, nil
	case errors.Is(err, tea.ErrProgramPanic):
		return m.outcome, errors.New("the screen broke down; what is said above tells where")
	}
	return m.outcome, fmt.Errorf("the terminal cannot be used: %w", err)
}

// leaveTimeout is how long the program has for its own end, before it is broken off.
const leaveTimeout = time.Second

// giveBack gives the terminal back for good. The program ends by itself: one that is
// killed closes the terminal's reader under the goroutine that reads.
func (m *model) giveBack() {
	go m.outer.program.Quit()
	select {
	case <-m.outer.ended:
	case <-time.After(leaveTimeout):
		m.outer.program.Kill()
	}
}

// suspend gives the terminal back until resume is called. The program does so by
// itself, so that it draws nothing meanwhile.
func (m *model) suspend() (resume func()) {
	s := suspendMsg{given: make(chan struct{}), resume: make(chan struct{}), ended: m.outer.ended}
	go m.send(s)
	select {
	case <-s.given:
	case <-s.ended:
	}
	return func() { close(s.resume) }
}

// suspendMsg asks for the terminal. It is the tea.ExecCommand for it as well.
type suspendMsg struct{ given, resume, ended chan struct{} }

func (s suspendMsg) exec() tea.Cmd {
	return tea.Exec(s, func(error) tea.Msg { return tea.ClearScreen() })
}

// Run implements tea.ExecCommand: the terminal is given back meanwhile.
func (s suspendMsg) Run() error {
	close(s.given)
	select {
	case <-s.resume:
	case <-s.ended:
	}
	return nil
}

// SetStdin implements tea.ExecCommand.
func (suspendMsg) SetStdin(io.Reader) {}

// SetStdout implements tea.ExecCommand.
func (suspendMsg) SetStdout(io.Writer) {}

// SetStderr implements tea.ExecCommand.
func (suspendMsg) SetStderr(io.Writer) {}
