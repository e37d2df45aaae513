package rawjson

import (
	"bytes"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// defaultStep is one level of indentation where a document shows none, as in JSON.stringify(x, null, 2).
const defaultStep = "  "

// Len returns the number of members or elements.
func (b *body) Len() int { return len(b.items) }

// appendTo appends the whole text.
func (b *body) appendTo(dst []byte, open, closing byte) []byte {
	dst = slices.Grow(dst, b.size())
	dst = append(append(dst, b.pre...), open)
	if len(b.items) == 0 {
		dst = append(dst, b.empty...)
	}
	for i := range b.items {
		if i > 0 {
			dst = append(dst, ',')
		}
		it := &b.items[i]
		dst = append(append(append(dst, it.lead...), it.value...), it.trail...)
	}
	return append(append(dst, closing), b.post...)
}

func (b *body) size() int {
	n := len(b.pre) + len(b.empty) + len(b.post) + 2
	for i := range b.items {
		n += len(b.items[i].lead) + len(b.items[i].value) + len(b.items[i].trail) + 1
	}
	return n
}

// layout returns the white space before an item, and before the closing bracket: its neighbours', or the default.
func (b *body) layout() (before, closing string) {
	if n := len(b.items); n > 0 {
		last := &b.items[n-1]
		return string(last.lead[:skipSpace(last.lead, 0)]), string(last.trail)
	}
	if b.compact {
		return "", ""
	}
	return "\n" + b.outer + b.step, "\n" + b.outer
}

// indents returns the indentation of the lines on which items start and one level of it, or ok=false where all is on
// one line.
func (b *body) indents() (item, step string, ok bool) {
	before, closing := b.layout()
	item, ok = lastLine(before)
	if !ok {
		return "", "", false
	}
	outer, ok := lastLine(closing)
	if !ok {
		outer = b.outer
	}
	step, ok = strings.CutPrefix(item, outer)
	if !ok || step == "" {
		step = b.step
	}
	return item, step, true
}

// lastLine returns what follows the last line break.
func lastLine(space string) (string, bool) {
	i := strings.LastIndexByte(space, '\n')
	return space[i+1:], i >= 0
}

// append adds an item in the last place and in its neighbours' layout.
func (b *body) append(name string, key []byte, value jsontext.Value) {
	before, closing := b.layout()
	if n := len(b.items); n > 0 {
		b.items[n-1].trail = b.inner()
	}
	b.items = append(b.items, item{name: name, lead: append([]byte(before), key...), value: value, trail: []byte(closing)})
	b.empty = nil
}

// inner is the white space between a value and the comma after it: that of the first item where there are several.
func (b *body) inner() []byte {
	if len(b.items) > 1 {
		return b.items[0].trail
	}
	return nil
}

// remove takes item i away. The last item's white space, which stands before the closing bracket, stays there.
func (b *body) remove(i int) {
	last := len(b.items) - 1
	switch {
	case last == 0:
		b.compact = !bytes.ContainsRune(b.items[0].lead, '\n')
		if item, step, ok := b.indents(); ok {
			b.outer, b.step = strings.TrimSuffix(item, step), step
		}
	case i == last:
		b.items[last-1].trail = b.items[last].trail
	}
	b.items = slices.Delete(b.items, i, i+1)
}

// child returns where a value of this body starts, for the layout of what is put into it.
func (b *body) child(c *body) {
	item, step, ok := b.indents()
	c.outer, c.step, c.compact = item, step, !ok
}

// place gives a value that was made here, not parsed, the layout of its new neighbours.
func (b *body) place(v jsontext.Value) (jsontext.Value, error) {
	if len(v) == 0 || v[0] != '{' && v[0] != '[' {
		return v, nil
	}
	v = v.Clone()
	item, step, ok := b.indents()
	if !ok || strings.Trim(item+step, " \t") != "" {
		return v, v.Compact()
	}
	return v, v.Indent(jsontext.WithIndentPrefix(item), jsontext.WithIndent(step))
}
