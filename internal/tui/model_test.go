package tui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/internal/termtext"
)

// world is a shop whose pages are driven key by key, without a terminal.
type world struct {
	t      *testing.T
	goods  []string
	bought []string
	loads  int
	stops  int
	block  chan struct{} // what the slow work waits for
	m      *model
	queue  []tea.Cmd
	quit   bool
}

func (w *world) Load(context.Context, bool) func() { w.loads++; return nil }
func (w *world) Wait(context.Context) bool         { return false }

func (w *world) Taken(func(), func() func()) {}
func (w *world) Interruptible(func()) func() { return func() {} }
func (w *world) Stop()                       { w.stops++ }

func (w *world) start() Page {
	list := Section{Heads: []string{"name", "price"}}
	for i, name := range w.goods {
		list.Items = append(list.Items, Item{
			ID: name, Cells: []termtext.Cell{termtext.Text(name), termtext.Text(fmt.Sprint(i))},
			Step: Open{Page: func() Page { return w.good(name) }},
		})
	}
	return Page{Title: "shop", Sections: []Section{{Items: []Item{
		Choice("new", "New", Ask{Prompt: "name", Then: w.create}),
		Choice("slow", "Slow", Run{Doing: "working", Do: w.slow}),
		Choice("read", "Read", Run{Doing: "reading", Do: func(context.Context, func(string)) Result {
			return Result{Title: "a page", Lines: []string{"one", "two"}}
		}}),
	}}, list}}
}

func (w *world) create(text string) (Step, error) {
	if text == "" {
		return nil, errors.New("give a name")
	}
	return Run{Doing: "creating", Do: func(context.Context, func(string)) Result {
		w.goods = append(w.goods, text)
		return Result{Lines: []string{"created " + text}, Then: Open{Page: func() Page { return w.good(text) }}}
	}}, nil
}

func (w *world) slow(ctx context.Context, tell func(string)) Result {
	tell("half of it")
	select {
	case <-ctx.Done():
		return Result{Failed: true, Lines: []string{"half was done"}}
	case <-w.block:
		return Result{Lines: []string{"all was done"}}
	}
}

func (w *world) good(name string) Page {
	if !slices.Contains(w.goods, name) {
		return Page{Gone: name + " is sold"}
	}
	return Page{Title: name, Above: []string{"a fine " + name}, Sections: []Section{{Items: []Item{
		Choice("buy", "Buy", Confirm("Buy "+name+"?", nil, "No", "Yes", Run{Doing: "buying", Leave: 1, Do: func(context.Context, func(string)) Result {
			w.bought = append(w.bought, name)
			w.goods = slices.DeleteFunc(w.goods, func(g string) bool { return g == name })
			return Result{Lines: []string{"bought " + name}}
		}})),
		Choice("fail", "Fail", Run{Doing: "failing", Leave: 1, Do: func(context.Context, func(string)) Result {
			return Result{Failed: true, Lines: []string{"it is \x1b[31mbroken", "hint: mend it"}}
		}}),
	}}}}
}

func newWorld(t *testing.T, goods ...string) *world {
	t.Helper()
	w := &world{t: t, goods: goods, block: make(chan struct{})}
	w.m = newModel(t.Context(), &App{Start: w.start, Feed: w, Host: w})
	w.m.send = func(msg tea.Msg) { w.queue = append(w.queue, func() tea.Msg { return msg }) }
	w.m.width, w.m.height = 60, 20
	w.update(loadedMsg{})
	return w
}

// update gives a message to the model, and then what comes of it.
func (w *world) update(msg tea.Msg) {
	w.t.Helper()
	_, cmd := w.m.Update(msg)
	w.queue = append(w.queue, cmd)
	for len(w.queue) > 0 {
		next := w.queue[0]
		w.queue = w.queue[1:]
		if next == nil {
			continue
		}
		switch msg := next().(type) {
		case tea.QuitMsg:
			w.quit = true
		case tea.BatchMsg:
			w.queue = append(w.queue, msg...)
		case nil:
		default:
			_, cmd := w.m.Update(msg)
			w.queue = append(w.queue, cmd)
		}
	}
}

var keyCodes = map[string]tea.Key{
	"up": {Code: tea.KeyUp}, "down": {Code: tea.KeyDown}, "left": {Code: tea.KeyLeft}, "right": {Code: tea.KeyRight},
	"enter": {Code: tea.KeyEnter}, "esc": {Code: tea.KeyEscape}, "home": {Code: tea.KeyHome}, "end": {Code: tea.KeyEnd},
	"pgup": {Code: tea.KeyPgUp}, "pgdown": {Code: tea.KeyPgDown}, "backspace": {Code: tea.KeyBackspace}, "delete": {Code: tea.KeyDelete},
	"altesc": {Code: tea.KeyEscape, Mod: tea.ModAlt},
	"ctrl+c": {Code: 'c', Mod: tea.ModCtrl}, "ctrl+z": {Code: 'z', Mod: tea.ModCtrl}, "ctrl+u": {Code: 'u', Mod: tea.ModCtrl},
	"ctrl+w": {Code: 'w', Mod: tea.ModCtrl}, "ctrl+k": {Code: 'k', Mod: tea.ModCtrl},
}

// keys types keys: names, or text.
func (w *world) keys(keys ...string) {
	w.t.Helper()
	for _, name := range keys {
		w.update(pressed(name))
	}
}

func pressed(name string) tea.KeyPressMsg {
	if key, ok := keyCodes[name]; ok {
		return tea.KeyPressMsg(key)
	}
	return tea.KeyPressMsg{Code: []rune(name)[0], Text: name}
}

// picture is what is on the screen, without what is empty.
func (w *world) picture() string {
	var lines []string
	for line := range strings.SplitSeq(w.m.View().Content, "\n") {
		if line = strings.TrimRight(line, " "); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

func (w *world) shows(want ...string) {
	w.t.Helper()
	if d := cmp.Diff(strings.Join(want, "\n"), w.picture()); d != "" {
		w.t.Error(d)
	}
}

const rootKeys = "↑↓ move  Enter chooses  / filters  q ends"

func TestMoving(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "apple", "pear")
	w.shows("shop", "> New", "  Slow", "  Read", "  NAME   PRICE", "  apple  0", "  pear   1", rootKeys)
	for keys, want := range map[string]string{
		"down": "slow", "up": "pear", "end": "pear", "end down": "new", "end up": "apple", "pgdown": "pear",
		"j j j": "apple", "j k": "new", "end home": "new",
	} {
		w := newWorld(t, "apple", "pear")
		w.keys(strings.Fields(keys)...)
		if item, _ := w.m.top().chosen(); item.ID != want {
			t.Errorf("%s: %s, want %s", keys, item.ID, want)
		}
	}
}

// What is chosen stays chosen when the data change, and a page whose subject is gone
// is left.
func TestDataChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "apple", "pear")
	w.keys("end")
	w.goods = []string{"ananas", "apple", "pear", "plum"}
	w.update(loadedMsg{})
	if item, _ := w.m.top().chosen(); item.ID != "pear" {
		t.Errorf("at %s", item.ID)
	}
	w.keys("enter", "enter")
	w.goods = []string{"apple"}
	w.update(loadedMsg{})
	w.shows("shop", "  New", "  Slow", "  Read", "  NAME   PRICE", "> apple  0", "pear is sold", rootKeys)
}

func TestFilter(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "apple", "pear", "pineapple")
	w.keys("/", "A", "p", "p")
	w.shows("shop", "  NAME       PRICE", "> apple      0", "  pineapple  2", "/App", "↑↓ move  Enter chooses  Esc shows all again")
	if c := w.m.View().Cursor; c == nil || c.X != 4 {
		t.Errorf("the cursor is at %v", c)
	}
	w.keys(" ", "2")
	w.shows("shop", "  NAME       PRICE", "> pineapple  2", "/App 2", "↑↓ move  Enter chooses  Esc shows all again")
	w.keys("x")
	w.shows("shop", "  nothing has this in it", "/App 2x", "↑↓ move  Enter chooses  Esc shows all again")
	w.keys("enter", "backspace", "enter")
	if w.m.top().page.Title != "pineapple" {
		t.Errorf("chosen %q", w.m.top().page.Title)
	}
	w.keys("esc")
	if item, _ := w.m.top().chosen(); item.ID != "pineapple" || len(w.m.top().items) != 6 {
		t.Errorf("at %s of %d after the filter", item.ID, len(w.m.top().items))
	}
	w.keys("/", "backspace")
	if w.m.top().typing {
		t.Error("the filter stays")
	}
}

func TestConfirm(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "apple", "pear")
	w.keys("end", "enter", "enter")
	w.shows("‹ Buy pear?", "> No", "  Yes", "↑↓ move  Enter chooses  / filters  Esc goes back  q ends")
	w.keys("enter")
	if len(w.bought) > 0 || w.m.top().page.Title != "pear" {
		t.Fatalf("bought %v at %q", w.bought, w.m.top().page.Title)
	}
	w.keys("enter", "down", "enter")
	if d := cmp.Diff([]string{"pear"}, w.bought); d != "" {
		t.Error(d)
	}
	w.shows("shop", "  New", "  Slow", "  Read", "  NAME   PRICE", "> apple  0", "bought pear", rootKeys)
}

// What fails is said, harmlessly, and the page stays.
func TestFailure(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "apple")
	w.keys("end", "enter", "down", "enter")
	w.shows("‹ apple", "a fine apple", "  Buy", "> Fail", "it is broken", "hint: mend it",
		"↑↓ move  Enter chooses  / filters  Esc goes back  q ends")
	w.keys("esc")
	w.shows("shop", "  New", "  Slow", "  Read", "  NAME   PRICE", "> apple  0", rootKeys)
}

func TestAsk(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "apple")
	w.keys("enter", "enter")
	w.shows("shop", "> New", "  Slow", "  Read", "  NAME   PRICE", "  apple  0", "name:", "give a name", "Enter accepts  Esc cancels")
	w.keys("q", "esc")
	if w.m.asking != nil || len(w.goods) != 1 {
		t.Error("it was not cancelled")
	}
	w.keys("enter", "q")
	w.update(tea.PasteMsg{Content: "ui\x1b[2Jnce\n"})
	w.keys("backspace", "enter")
	if d := cmp.Diff([]string{"apple", "quince"}, w.goods); d != "" {
		t.Error(d)
	}
	if w.m.top().page.Title != "quince" || w.loads != 1 {
		t.Errorf("at %q after %d loads", w.m.top().page.Title, w.loads)
	}
}

func TestTextPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.keys("down", "down", "enter", "enter")
	w.shows("‹ a page", "> one", "  two", "↑↓ move  Enter chooses  / filters  Esc goes back  q ends")
}

// Work is shown, takes no other keys, and can be cancelled.
func TestWork(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.keys("down")
	_, cmd := w.m.Update(pressed("enter"))
	ended := make(chan tea.Msg)
	told := make(chan tea.Msg, 1)
	w.m.send = func(msg tea.Msg) { told <- msg }
	go func() { ended <- cmd() }()
	w.m.Update(<-told)
	w.keys("q", "up")
	w.shows("shop", "  New", "> Slow", "  Read", "working …", "half of it", "Ctrl-C cancels")
	w.keys("ctrl+c")
	if !strings.Contains(w.picture(), "being cancelled") {
		t.Errorf("it does not say so:\n%s", w.picture())
	}
	w.update(<-ended)
	w.shows("shop", "  New", "> Slow", "  Read", "half was done", "cancelled", rootKeys)

	close(w.block)
	w.m.send = func(tea.Msg) {}
	w.keys("enter")
	w.shows("shop", "  New", "> Slow", "  Read", "all was done", rootKeys)
	if w.quit {
		t.Error("it ended")
	}
}

func TestEnding(t *testing.T) {
	t.Parallel()
	for keys, want := range map[string]Outcome{"q": Left, "esc": Left, "enter_ altesc": Left, "ctrl+c": Interrupted, "down enter_ q": Left} {
		w := newWorld(t, "apple")
		for key := range strings.FieldsSeq(keys) {
			if key == "enter_" {
				w.keys("end", "enter")
				continue
			}
			w.keys(key)
		}
		if !w.quit || w.m.outcome != want {
			t.Errorf("%s: ended %v, %v", keys, w.quit, w.m.outcome)
		}
	}
	w := newWorld(t)
	w.keys("ctrl+z", "left", "backspace")
	if w.quit || w.stops != 1 {
		t.Errorf("Ctrl-Z: ended %v, stopped %d times", w.quit, w.stops)
	}
}

// Whatever the size, the picture fits, and what is chosen is in it.
func TestSizes(t *testing.T) {
	t.Parallel()
	var goods []string
	for i := range 100 {
		goods = append(goods, fmt.Sprintf("good-%02d-%s", i, strings.Repeat("x", i)))
	}
	w := newWorld(t, goods...)
	w.m.say(true, strings.Repeat("very wrong ", 100))
	for _, size := range [][2]int{{80, 24}, {200, 50}, {40, 12}, {20, 5}, {8, 3}, {1, 1}, {80, 24}} {
		w.update(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
		for range 103 {
			w.keys("down")
			view := w.m.View()
			lines := strings.Split(view.Content, "\n")
			if len(lines) > size[1] {
				t.Fatalf("%v: %d lines", size, len(lines))
			}
			for _, line := range lines {
				if termtext.Width(line) > max(size[0], 20) {
					t.Fatalf("%v: %d cells: %q", size, termtext.Width(line), line)
				}
			}
			if size[1] >= 5 && (view.Cursor == nil || !strings.HasPrefix(lines[view.Cursor.Y], chosenMark)) {
				t.Fatalf("%v: what is chosen is not seen:\n%s", size, view.Content)
			}
		}
	}
}
