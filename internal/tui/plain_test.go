package tui

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// talk answers the questions of the shop by line.
func (w *world) talk(answers ...string) string {
	w.t.Helper()
	var out strings.Builder
	app := &App{In: strings.NewReader(strings.Join(answers, "\n") + "\n"), Out: &out, Start: w.start, Feed: w, Host: w}
	if outcome, err := app.Plain(w.t.Context(), 40); err != nil || outcome != Left {
		w.t.Errorf("ended %v, %v", outcome, err)
	}
	return out.String()
}

func TestPlain(t *testing.T) {
	t.Parallel()
	w := &world{t: t, goods: []string{"apple", "pear"}, block: make(chan struct{})}
	const ask = "number, /text to filter, b to go back, q to end: "
	want := `
shop
1  New
2  Slow
3  Read
   NAME   PRICE
4  apple  0
5  pear   1
` + ask + `
shop
   NAME  PRICE
1  pear  1
` + ask + `
pear
a fine pear
1  Buy
2  Fail
` + ask + `
Buy pear?
1  No
2  Yes
` + ask + `buying …
bought pear

shop
1  New
2  Slow
3  Read
   NAME   PRICE
4  apple  0
` + ask + `name (empty cancels): creating …
created quince

quince
a fine quince
1  Buy
2  Fail
` + ask + `failing …
it is broken
hint: mend it

quince
a fine quince
1  Buy
2  Fail
` + ask + `there is no choice 7

quince
a fine quince
1  Buy
2  Fail
` + ask
	if d := cmp.Diff(want, w.talk("/pear", "1", "1", "2", "1", "quince", "2", "7", "q")); d != "" {
		t.Error(d)
	}
}

// It ends with the input, wherever that is.
func TestPlainEnds(t *testing.T) {
	t.Parallel()
	for _, answers := range [][]string{{}, {"b"}, {"1"}, {"", "2x", "1", ""}} {
		w := &world{t: t, goods: []string{"apple"}}
		if out := w.talk(answers...); len(w.goods) != 1 || !strings.HasPrefix(out, "\nshop\n") {
			t.Errorf("%q: %s", answers, out)
		}
	}
}
