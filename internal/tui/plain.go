package tui

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/kyoli-gam/kyoli/internal/termtext"
)

// Plain shows the pages as numbered lists, and reads what is chosen by line: for a
// terminal that cannot be drawn on, and for screen readers. It ends like
// [App.Run], and at the end of the input.
func (a *App) Plain(ctx context.Context, width int) (Outcome, error) {
	p := &plain{app: a, ctx: ctx, in: bufio.NewReader(a.In), width: width}
	if p.width <= 0 {
		p.width = defaultWidth
	}
	if apply := a.Feed.Load(ctx, false); apply != nil {
		apply()
	}
	p.views = []*view{newView(Open{Page: a.Start})}
	for ctx.Err() == nil && len(p.views) > 0 {
		if err := p.turn(); err != nil {
			if errors.Is(err, io.EOF) || ctx.Err() != nil {
				return Left, nil
			}
			return Left, err
		}
	}
	return Left, nil
}

// plain is a conversation by lines.
type plain struct {
	app   *App
	ctx   context.Context
	in    *bufio.Reader
	views []*view
	width int
}

// turn shows the page and does what is answered.
func (p *plain) turn() error {
	v := p.views[len(p.views)-1]
	v.load()
	if v.page.Gone != "" && len(p.views) > 1 {
		p.print(v.page.Gone)
		p.views = p.views[:len(p.views)-1]
		return nil
	}
	p.show(v)
	answer, err := p.ask("number, /text to filter, b to go back, q to end: ")
	if err != nil {
		return err
	}
	switch {
	case answer == "":
		p.apply(p.app.Feed.Load(p.ctx, true)) // looks again
	case answer == "q":
		p.views = nil
	case answer == "b":
		p.views = p.views[:len(p.views)-1]
	case strings.HasPrefix(answer, "/"):
		v.filter = newInput(strings.TrimPrefix(answer, "/"))
		v.arrange()
	default:
		return p.choose(v, answer)
	}
	return nil
}

func (p *plain) choose(v *view, answer string) error {
	n, err := strconv.Atoi(answer)
	if err != nil || n < 1 || n > len(v.items) {
		p.print(fmt.Sprintf("there is no choice %s", answer))
		return nil
	}
	v.at = n - 1
	item, _ := v.chosen()
	if item.Step == nil {
		return nil
	}
	v.clearFilter()
	if _, back := item.Step.(Back); v.open.Once && !back && len(p.views) > 1 {
		p.views = p.views[:len(p.views)-1]
	}
	return p.step(item.Step)
}

// show writes the page: each choice with its number.
func (p *plain) show(v *view) {
	fmt.Fprintln(p.app.Out)
	p.print(v.page.Title)
	p.print(v.page.Above...)
	if len(v.items) == 0 {
		p.print(v.nothing())
	}
	n := 0
	digits := len(strconv.Itoa(len(v.items)))
	for s := range v.page.Sections {
		var some []int
		for _, place := range v.items {
			if r := v.rows[place]; r.section == s {
				some = append(some, r.item)
			}
		}
		if len(some) == 0 {
			continue
		}
		section := &v.page.Sections[s]
		drawer := section.Draw
		if drawer == nil {
			drawer = func(some []int, width int) (string, []string) { return section.table(some, width, false) }
		}
		head, lines := drawer(some, p.width-digits-2)
		if head != "" {
			fmt.Fprintf(p.app.Out, "%*s  %s\n", digits, "", head)
		}
		for _, line := range lines {
			n++
			fmt.Fprintf(p.app.Out, "%*d  %s\n", digits, n, line)
		}
	}
}

func (p *plain) step(step Step) error {
	switch step := step.(type) {
	case Open:
		v := newView(step)
		if v.page.Gone != "" {
			p.print(v.page.Gone)
			return nil
		}
		p.views = append(p.views, v)
	case Ask:
		return p.answer(step)
	case Run:
		return p.run(step)
	case Say:
		p.print(step.Text)
	case Back:
		p.views = p.views[:len(p.views)-1]
	case Quit:
		p.views = nil
	}
	return nil
}

// answer asks until the answer will do. An empty one cancels.
func (p *plain) answer(ask Ask) error {
	prompt := ask.Prompt + " (empty cancels): "
	if ask.Text != "" {
		prompt = ask.Prompt + " (now " + ask.Text + "; empty cancels): "
	}
	for {
		text, err := p.ask(prompt)
		if err != nil || text == "" {
			return err
		}
		step, err := ask.Then(text)
		if err == nil {
			return p.step(step)
		}
		p.print(err.Error())
	}
}

func (p *plain) run(run Run) error {
	ctx, cancel := context.WithCancel(p.ctx)
	defer cancel()
	stop := p.app.Host.Interruptible(cancel)
	p.print(run.Doing + " …")
	tell := p.print1
	if run.Outside {
		tell = func(string) {}
	}
	result := run.Do(ctx, tell)
	cancelled := ctx.Err() != nil
	stop()
	if result.Title != "" {
		p.print(result.Title)
	}
	p.print(result.Lines...)
	failed := result.Failed || cancelled
	if !failed {
		p.views = p.views[:max(len(p.views)-run.Leave, 1)]
	}
	p.apply(p.app.Feed.Load(p.ctx, true))
	if cancelled {
		p.print("cancelled")
	}
	if failed || result.Then == nil {
		return nil
	}
	return p.step(result.Then)
}

func (p *plain) apply(apply func()) {
	if apply != nil {
		apply()
	}
}

// ask reads a line.
func (p *plain) ask(prompt string) (string, error) {
	fmt.Fprint(p.app.Out, termtext.Clean(prompt))
	line, err := p.in.ReadString('\n')
	if err != nil {
		fmt.Fprintln(p.app.Out)
		return "", err
	}
	return strings.TrimSpace(termtext.Clean(line)), nil
}

func (p *plain) print(lines ...string) {
	for _, line := range lines {
		p.print1(line)
	}
}

func (p *plain) print1(line string) { fmt.Fprintln(p.app.Out, termtext.Clean(line)) }
