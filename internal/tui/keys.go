package tui

import (
	tea "charm.land/bubbletea/v2"
)

// key does what a key does where one is.
func (m *model) key(key tea.KeyPressMsg) tea.Cmd {
	name := key.String()
	switch name {
	case "ctrl+z":
		return func() tea.Msg { m.app.Host.Stop(); return nil }
	case "ctrl+l":
		return tea.ClearScreen
	case "alt+esc": // pressed twice, fast
		esc := tea.KeyPressMsg{Code: tea.KeyEscape}
		return tea.Sequence(m.key(esc), m.key(esc))
	}
	switch {
	case m.busy != nil:
		if name == "ctrl+c" || name == "esc" {
			m.busy.interrupt()
		}
		return nil
	case m.asking != nil:
		return m.answerKey(key)
	case name == "ctrl+c":
		return m.quit(Interrupted)
	case m.top() == nil: // nothing has been read yet
		if name == "q" || name == "esc" {
			return m.quit(Left)
		}
		return nil
	case m.moved(name):
		return nil
	case m.top().typing:
		return m.filterKey(key)
	}
	return m.listKey(name)
}

// moved does what the keys do that move in a list.
func (m *model) moved(name string) bool {
	v := m.top()
	page := max(m.height-aroundList, 1)
	switch name {
	case "up", "ctrl+p", "shift+tab":
		v.move(-1)
	case "down", "ctrl+n", "tab":
		v.move(1)
	case "pgup":
		v.move(-page)
	case "pgdown":
		v.move(page)
	case "home":
		v.move(-len(v.items))
	case "end":
		v.move(len(v.items))
	default:
		return false
	}
	return true
}

func (m *model) listKey(name string) tea.Cmd {
	v := m.top()
	switch name {
	case "enter", "right":
		return m.choose()
	case "/":
		v.typing = true
	case "esc":
		if v.filter.text() != "" {
			v.clearFilter()
			return nil
		}
		m.say(false)
		return m.leave()
	case "left", "backspace":
		if m.say(false); len(m.views) > 1 {
			return m.leave()
		}
	case "k":
		v.move(-1)
	case "j":
		v.move(1)
	case "q":
		return m.quit(Left)
	}
	return nil
}

func (m *model) choose() tea.Cmd {
	item, ok := m.top().chosen()
	if !ok || item.Step == nil {
		return nil
	}
	m.top().clearFilter()
	m.say(false)
	return m.take(item.Step)
}

// filterKey is a key while the filter is being typed. What is found first is what
// Enter chooses.
func (m *model) filterKey(key tea.KeyPressMsg) tea.Cmd {
	v := m.top()
	switch key.String() {
	case "enter":
		return m.choose()
	case "esc", "ctrl+c":
		v.clearFilter()
		return nil
	case "backspace", "ctrl+h":
		if v.filter.text() == "" {
			v.typing = false
			return nil
		}
	}
	if v.filter.key(key) {
		v.at, v.top = 0, 0
		v.arrange()
	}
	return nil
}

// clearFilter shows all again, and stays at what is chosen.
func (v *view) clearFilter() {
	chosen, ok := v.chosen()
	v.typing, v.filter = false, newInput("")
	v.arrange()
	if ok && chosen.ID != "" {
		v.choose(chosen.ID)
	}
}

func (m *model) answerKey(key tea.KeyPressMsg) tea.Cmd {
	switch key.String() {
	case "esc", "ctrl+c":
		m.asking = nil
		return nil
	case "enter":
		step, err := m.asking.Then(m.asking.input.text())
		if err != nil {
			m.asking.wrong = err.Error()
			return nil
		}
		m.asking = nil
		return m.take(step)
	}
	if m.asking.input.key(key) {
		m.asking.wrong = ""
	}
	return nil
}

// paste is text that did not come from single keys.
func (m *model) paste(text string) {
	switch {
	case m.busy != nil:
	case m.asking != nil:
		m.asking.input.insert(text)
	case m.top() != nil && m.top().typing:
		m.top().filter.insert(text)
		m.top().at, m.top().top = 0, 0
		m.top().arrange()
	}
}
