package tui

import (
	"context"

	"github.com/kyoli-gam/kyoli/internal/termtext"
)

// Page is a list of choices, and what stands above it. It is made anew whenever the
// data change.
type Page struct {
	Title    string
	Above    []string // lines of text
	Sections []Section
	Empty    string // what stands there where there is no choice
	// Gone tells why there is nothing to show any more ("" = there is): the page is
	// left, and this is said.
	Gone string
}

// Section is a run of choices under a head of its own.
type Section struct {
	Items []Item
	Heads []string // of the items' cells
	// Draw draws some of the items, by their places in Items, in a width: a head
	// ("" = none) and one line each. nil = a table of their cells.
	Draw func(some []int, width int) (head string, lines []string)
}

// Item is one choice.
type Item struct {
	// ID tells the choice from others when the page is made anew.
	ID    string
	Cells []termtext.Cell
	Find  string // what else a filter finds it by
	Step  Step   // what choosing it does; nil = nothing
}

// Choice is an item of one text.
func Choice(id, text string, step Step) Item {
	return Item{ID: id, Cells: []termtext.Cell{termtext.Text(text)}, Step: step}
}

// Lines are items that are there to be read.
func Lines(lines []string) []Item {
	items := make([]Item, len(lines))
	for i, line := range lines {
		items[i] = Item{Cells: []termtext.Cell{termtext.Text(line)}}
	}
	return items
}

// Step is what a choice does: Open, Ask, Run, Say, Back or Quit.
type Step interface{ step() }

// Open opens a page on top of the one that is shown.
type Open struct {
	Page func() Page
	// Once leaves the page as soon as anything is chosen from it.
	Once bool
}

// Ask asks for a line of text.
type Ask struct {
	Prompt string
	Text   string // to begin with
	// Then is what follows. An error is said, and the question stays.
	Then func(text string) (Step, error)
}

// Run does something that may take a while, and that can be cancelled.
type Run struct {
	Doing string // what is said meanwhile
	// Do does it. What it tells with tell is shown meanwhile.
	Do func(ctx context.Context, tell func(string)) Result
	// Outside is for what needs the terminal for itself.
	Outside bool
	// Leave is how many pages are left where it goes well.
	Leave int
}

// Say says something below the page.
type Say struct{ Text string }

// Back leaves the page.
type Back struct{}

// Quit ends it all.
type Quit struct{}

func (Open) step() {}
func (Ask) step()  {}
func (Run) step()  {}
func (Say) step()  {}
func (Back) step() {}
func (Quit) step() {}

// Result is what became of a Run.
type Result struct {
	Lines  []string // what there is to say
	Failed bool
	Title  string // where not empty, the lines are a page of this title
	Then   Step   // what follows where it went well, nil = nothing
}

// Confirm is a page that asks whether to do something; no comes first.
func Confirm(title string, question []string, no, yes string, step Step) Open {
	return Open{Once: true, Page: func() Page {
		return Page{Title: title, Above: question, Sections: []Section{{Items: []Item{
			Choice("no", no, Back{}), Choice("yes", yes, step),
		}}}}
	}}
}
