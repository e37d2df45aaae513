package store

import (
	"math"
	"strconv"
	"time"

	"github.com/kyoli-gam/kyoli/internal/rawjson"
)

// windows are the members of cachedUsage.
var windows = []struct {
	name string
	at   func(*Usage) **Window
}{
	{"five_hour", func(u *Usage) **Window { return &u.FiveHour }},
	{"seven_day", func(u *Usage) **Window { return &u.SevenDay }},
	{"seven_day_sonnet", func(u *Usage) **Window { return &u.SevenDaySonnet }},
}

// Clone returns a copy that shares nothing with u.
func (u *Usage) Clone() *Usage {
	if u == nil {
		return nil
	}
	c := &struct { // one allocation for all
		Usage
		windows [3]Window
	}{}
	for i := range windows {
		if from := *windows[i].at(u); from != nil {
			c.windows[i] = *from
			*windows[i].at(&c.Usage) = &c.windows[i]
		}
	}
	return &c.Usage
}

func (u *Usage) equal(v *Usage) bool {
	if u == nil || v == nil {
		return u == v
	}
	for _, w := range windows {
		if !(*w.at(u)).equal(*w.at(v)) {
			return false
		}
	}
	return true
}

func (w *Window) equal(v *Window) bool {
	if w == nil || v == nil {
		return w == v
	}
	return w.Utilization == v.Utilization && w.ResetsAt.Equal(v.ResetsAt)
}

func usageField(name string) field {
	return field{
		name: name,
		read: readUsage,
		same: func(a, b *Account) bool { return a.CachedUsage.equal(b.CachedUsage) },
		copy: func(to, from *Account) { to.CachedUsage = from.CachedUsage.Clone() },
		put:  func(o *rawjson.Object, a *Account) error { return putUsage(o, name, a.CachedUsage) },
	}
}

func readUsage(a *Account, c *rawjson.Cursor) (problem string) {
	if c.Kind() != '{' {
		return "must be an object"
	}
	u := &Usage{}
	c.Members(func(name []byte) bool {
		for i := range windows {
			if windows[i].name == string(name) {
				*windows[i].at(u), problem = readWindow(c)
			}
		}
		return problem == ""
	})
	a.CachedUsage = u
	return problem
}

func readWindow(c *rawjson.Cursor) (w *Window, problem string) {
	switch c.Kind() {
	case 'n':
		return nil, ""
	case '{':
	default:
		return nil, "must hold objects or null"
	}
	w, problem = &Window{}, "has a window without a utilization"
	c.Members(func(name []byte) bool {
		switch string(name) {
		case "utilization":
			v := c.Value()
			f, err := strconv.ParseFloat(string(v), 64)
			if v.Kind() != '0' || err != nil {
				problem = "has a utilization that is not a number"
				return false
			}
			w.Utilization, problem = f, ""
		case "resets_at":
			if c.Kind() != '"' && c.Kind() != 'n' {
				problem = "has a resets_at that is not a string"
				return false
			}
			s, _ := c.Text()
			w.ResetsAt = parseTime(s)
		}
		return true
	})
	return w, problem
}

// parseTime returns the zero time for what is not RFC 3339: the plugin accepts any string here.
func parseTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t
}

// putUsage writes u over what is there and leaves members that it does not know, and windows that did not change.
func putUsage(o *rawjson.Object, name string, u *Usage) error {
	if u == nil {
		o.Delete(name)
		return nil
	}
	usage, ok := o.Object(name)
	if !ok {
		usage = rawjson.NewObject("  ")
	}
	for _, w := range windows {
		if err := putWindow(usage, w.name, *w.at(u)); err != nil {
			return err
		}
	}
	return o.Set(name, usage)
}

func putWindow(usage *rawjson.Object, name string, w *Window) error {
	var was *Window
	raw, ok := usage.Get(name)
	if ok {
		was, _ = readWindow(rawjson.NewCursor(raw))
	}
	if was.equal(w) {
		return nil
	}
	if w == nil {
		return usage.Set(name, nil)
	}
	window, ok := usage.Object(name)
	if !ok {
		window, was = rawjson.NewObject("  "), nil
	}
	if was == nil || was.Utilization != w.Utilization {
		if err := window.Set("utilization", percent(w.Utilization)); err != nil {
			return err
		}
	}
	if was == nil || !was.ResetsAt.Equal(w.ResetsAt) || !has(window, "resets_at") {
		if err := window.Set("resets_at", resetText(w.ResetsAt)); err != nil {
			return err
		}
	}
	return usage.Set(name, window)
}

func has(o *rawjson.Object, name string) bool {
	_, ok := o.Get(name)
	return ok
}

// percent is f as the schema allows it, 0 to 100.
func percent(f float64) float64 {
	if math.IsNaN(f) {
		return 0
	}
	return min(max(f, 0), 100)
}

// resetText is t as JavaScript's toISOString writes it, nil for the zero time.
func resetText(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z07:00")
}
