package tui

import (
	"strings"

	"github.com/kyoli-gam/kyoli/internal/termtext"
)

// view is a page that is open, and where one is in it.
type view struct {
	open   Open
	page   Page
	rows   []row // of what the filter lets through
	items  []int // the places in rows that can be chosen
	at     int   // the place in items that is chosen
	top    int   // the first row that is seen
	filter *input
	typing bool // in the filter
}

// row is a line of the list. item < 0 is a head, and section < 0 an empty line.
type row struct{ section, item int }

func newView(open Open) *view {
	v := &view{open: open, filter: newInput("")}
	v.load()
	return v
}

// load makes the page anew, and stays at what was chosen.
func (v *view) load() {
	chosen, ok := v.chosen()
	v.page = v.open.Page()
	v.arrange()
	if ok && chosen.ID != "" {
		v.choose(chosen.ID)
	}
}

// arrange lays the items out that the filter lets through.
func (v *view) arrange() {
	v.rows, v.items = v.rows[:0], v.items[:0]
	words := strings.Fields(strings.ToLower(v.filter.text()))
	for s, section := range v.page.Sections {
		begun := false
		for i := range section.Items {
			if !section.Items[i].matches(words) {
				continue
			}
			if !begun {
				if len(v.rows) > 0 {
					v.rows = append(v.rows, row{-1, -1})
				}
				if len(section.Heads) > 0 || section.Draw != nil {
					v.rows = append(v.rows, row{s, -1})
				}
				begun = true
			}
			v.items = append(v.items, len(v.rows))
			v.rows = append(v.rows, row{s, i})
		}
	}
	v.at = min(v.at, max(len(v.items)-1, 0))
}

// matches tells whether an item has all the words in it.
func (i *Item) matches(words []string) bool {
	if len(words) == 0 {
		return true
	}
	var b strings.Builder
	for _, c := range i.Cells {
		b.WriteString(termtext.Clean(c.Text) + " ")
	}
	b.WriteString(termtext.Clean(i.Find))
	text := strings.ToLower(b.String())
	for _, word := range words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// chosen is the item that is chosen.
func (v *view) chosen() (*Item, bool) {
	if v.at >= len(v.items) {
		return nil, false
	}
	r := v.rows[v.items[v.at]]
	return &v.page.Sections[r.section].Items[r.item], true
}

func (v *view) choose(id string) {
	for at, place := range v.items {
		r := v.rows[place]
		if v.page.Sections[r.section].Items[r.item].ID == id {
			v.at = at
			return
		}
	}
}

// move goes some items down, or up; round about where it is one step.
func (v *view) move(by int) {
	last := len(v.items) - 1
	switch {
	case last < 0:
	case by == -1 && v.at == 0:
		v.at = last
	case by == 1 && v.at == last:
		v.at = 0
	default:
		v.at = min(max(v.at+by, 0), last)
	}
}

// scroll has the chosen item, and its head where it is the first, be among the
// height rows that are seen.
func (v *view) scroll(height int) {
	if len(v.items) == 0 {
		v.top = 0
		return
	}
	place := v.items[v.at]
	first := place
	for first > 0 && v.rows[first-1].item < 0 && place-first < height-1 {
		first--
	}
	if first < v.top {
		v.top = first
	}
	if place >= v.top+height {
		v.top = place - height + 1
	}
	v.top = min(v.top, max(len(v.rows)-height, 0))
}
