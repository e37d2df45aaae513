package tui

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"

	tea "charm.land/bubbletea/v2"

	"github.com/kyoli-gam/kyoli/internal/termtext"
)

// model is all that is on the screen.
type model struct {
	ctx  context.Context
	app  *App
	send func(tea.Msg) // to the program that the model is in

	views   []*view // the last is seen
	asking  *asking
	busy    *busy
	said    []string // below the page
	bad     bool     // what is said is a failure
	reading sync.Mutex
	outcome Outcome
	outer   *suspending

	width, height int
}

// asking is a question that is being answered.
type asking struct {
	Ask
	input *input
	wrong string
}

// Size of a terminal that does not tell.
const (
	defaultWidth  = 80
	defaultHeight = 24
)

func newModel(ctx context.Context, app *App) *model {
	return &model{ctx: ctx, app: app, width: defaultWidth, height: defaultHeight, send: func(tea.Msg) {}}
}

type (
	loadedMsg struct{ apply func() }
	waitedMsg struct{ more bool }
)

// Init implements tea.Model: it has the data read.
func (m *model) Init() tea.Cmd { return m.load() }

func (m *model) load() tea.Cmd {
	return guarded(func() tea.Msg { return loadedMsg{m.read(false)} })
}

func (m *model) wait() tea.Cmd {
	return guarded(func() tea.Msg { return waitedMsg{m.app.Feed.Wait(m.ctx)} })
}

// brokenMsg is a panic of another goroutine. It goes on in the model, where the
// program waits for what is said of it before it ends.
type brokenMsg string

func guarded(cmd tea.Cmd) tea.Cmd {
	return func() (msg tea.Msg) {
		defer func() {
			if r := recover(); r != nil {
				msg = brokenMsg(fmt.Sprintf("%v\n\n%s", r, debug.Stack()))
			}
		}()
		return cmd()
	}
}

// read has the data read, once at a time.
func (m *model) read(acted bool) (apply func()) {
	m.reading.Lock()
	defer m.reading.Unlock()
	return m.app.Feed.Load(m.ctx, acted)
}

// Update implements tea.Model.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case tea.KeyPressMsg:
		return m, m.key(msg)
	case tea.PasteMsg:
		m.paste(msg.Content)
	case loadedMsg:
		m.apply(msg.apply)
		return m, m.wait()
	case waitedMsg:
		if msg.more {
			return m, m.load()
		}
	case brokenMsg:
		panic(string(msg))
	case toldMsg:
		if m.busy == msg.of {
			m.busy.told = msg.text
		}
	case doneMsg:
		return m, m.done(msg)
	case suspendMsg:
		return m, msg.exec()
	}
	return m, nil
}

// apply takes over data that were read, and makes the pages anew.
func (m *model) apply(apply func()) {
	if apply != nil {
		apply()
	}
	if len(m.views) == 0 {
		m.views = []*view{newView(Open{Page: m.app.Start})}
		return
	}
	m.remake()
}

// remake makes the pages that are open anew, and leaves those that are about what
// is gone, with all that was opened from them.
func (m *model) remake() {
	for i, v := range m.views {
		v.load()
		if v.page.Gone != "" && i > 0 {
			m.say(false, v.page.Gone)
			m.views = m.views[:i]
			m.asking = nil
			return
		}
	}
}

func (m *model) top() *view {
	if len(m.views) == 0 {
		return nil
	}
	return m.views[len(m.views)-1]
}

func (m *model) say(bad bool, lines ...string) {
	m.said, m.bad = nil, bad
	for _, line := range lines {
		m.said = append(m.said, termtext.Clean(line))
	}
}

// take does what a choice does.
func (m *model) take(step Step) tea.Cmd {
	if v := m.top(); v != nil && v.open.Once && len(m.views) > 1 {
		if _, back := step.(Back); !back && step != nil {
			m.views = m.views[:len(m.views)-1]
		}
	}
	return m.step(step)
}

func (m *model) step(step Step) tea.Cmd {
	switch step := step.(type) {
	case Open:
		m.open(step)
	case Ask:
		m.asking = &asking{Ask: step, input: newInput(step.Text)}
	case Run:
		return m.start(step)
	case Say:
		m.say(false, step.Text)
	case Back:
		return m.leave()
	case Quit:
		return m.quit(Left)
	}
	return nil
}

func (m *model) open(open Open) {
	v := newView(open)
	if v.page.Gone != "" {
		m.say(false, v.page.Gone)
		return
	}
	m.views = append(m.views, v)
}

// leave leaves the page, and with the first page all.
func (m *model) leave() tea.Cmd {
	if len(m.views) <= 1 {
		return m.quit(Left)
	}
	m.views = m.views[:len(m.views)-1]
	return nil
}

func (m *model) quit(how Outcome) tea.Cmd {
	m.outcome = how
	return tea.Quit
}
