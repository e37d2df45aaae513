package pools

import (
	"errors"
	"slices"
	"strconv"

	"github.com/kyoli-gam/kyoli/internal/rawjson"
)

// problem says what is wrong with a document, and where.
type problem struct {
	offset  int
	pointer string
	text    string
}

func (p *problem) within(name string) *problem {
	if p != nil {
		p.pointer = "/" + name + p.pointer
	}
	return p
}

// parse reads the content of a file as the plugin's schema does (PoolChainConfigSchema): all members but pools,
// chains and model are required, and what it does not name is kept.
func parse(raw []byte) (*Config, *problem) {
	if err := rawjson.Validate(raw); err != nil {
		s, ok := errors.AsType[*rawjson.SyntaxError](err)
		if !ok {
			return nil, &problem{text: err.Error()}
		}
		return nil, &problem{offset: int(s.Offset), pointer: s.Pointer, text: s.Reason}
	}
	c := &Config{doc: raw}
	p := readObject(rawjson.NewCursor(raw), "the file", members{
		{name: "pools", optional: true, read: listOf(&c.Pools, func(p *Pool, c *rawjson.Cursor) *problem { return p.read(raw, c) })},
		{name: "chains", optional: true, read: listOf(&c.Chains, func(ch *Chain, c *rawjson.Cursor) *problem { return ch.read(raw, c) })},
	})
	if p != nil {
		return nil, p
	}
	return c, nil
}

func (p *Pool) read(raw []byte, c *rawjson.Cursor) *problem {
	start := c.Offset()
	problem := readObject(c, "a pool", members{
		{name: "name", read: text(&p.Name)},
		{name: "baseProvider", read: text(&p.BaseProvider)},
		{name: "members", read: texts(&p.Members)},
		{name: "enabled", read: flag(&p.Enabled)},
	})
	p.raw = raw[start:c.Offset()]
	return problem
}

func (ch *Chain) read(raw []byte, c *rawjson.Cursor) *problem {
	start := c.Offset()
	problem := readObject(c, "a chain", members{
		{name: "name", read: text(&ch.Name)},
		{name: "entries", read: listOf(&ch.Entries, func(e *Entry, c *rawjson.Cursor) *problem { return e.read(raw, c) })},
		{name: "enabled", read: flag(&ch.Enabled)},
	})
	ch.raw = raw[start:c.Offset()]
	return problem
}

func (e *Entry) read(raw []byte, c *rawjson.Cursor) *problem {
	start := c.Offset()
	problem := readObject(c, "an entry", members{
		{name: "pool", read: text(&e.Pool)},
		{name: "model", optional: true, read: text(&e.Model)},
		{name: "enabled", read: flag(&e.Enabled)},
	})
	e.raw = raw[start:c.Offset()]
	return problem
}

// members are those of an object that mean something here.
type members []struct {
	name     string
	optional bool
	read     func(*rawjson.Cursor) *problem
}

// readObject reads the object on which the cursor stands.
func readObject(c *rawjson.Cursor, what string, known members) (p *problem) {
	start := c.Offset()
	if c.Kind() != '{' {
		return &problem{offset: start, text: what + " must be an object"}
	}
	found := make([]bool, len(known))
	c.Members(func(name []byte) bool {
		for i, m := range known {
			if m.name == string(name) {
				found[i] = true
				p = m.read(c).within(m.name)
			}
		}
		return p == nil
	})
	if p != nil {
		return p
	}
	for i, m := range known {
		if !found[i] && !m.optional {
			return &problem{offset: start, text: m.name + " is missing"}
		}
	}
	return nil
}

func listOf[T any](into *[]*T, read func(*T, *rawjson.Cursor) *problem) func(*rawjson.Cursor) *problem {
	return func(c *rawjson.Cursor) (p *problem) {
		if c.Kind() != '[' {
			return &problem{offset: c.Offset(), text: "the value must be an array"}
		}
		c.Elems(func() bool {
			v := new(T)
			p = read(v, c).within(strconv.Itoa(len(*into)))
			*into = append(*into, v)
			return p == nil
		})
		return p
	}
}

func texts(into *[]string) func(*rawjson.Cursor) *problem {
	return func(c *rawjson.Cursor) *problem {
		var list []*string
		p := listOf(&list, func(s *string, c *rawjson.Cursor) *problem { return text(s)(c) })(c)
		for _, s := range list {
			*into = append(*into, *s)
		}
		return p
	}
}

func text(into *string) func(*rawjson.Cursor) *problem {
	return func(c *rawjson.Cursor) *problem {
		offset := c.Offset()
		s, ok := c.Text()
		if !ok {
			return &problem{offset: offset, text: "the value must be a string"}
		}
		*into = s
		return nil
	}
}

func flag(into *bool) func(*rawjson.Cursor) *problem {
	return func(c *rawjson.Cursor) *problem {
		offset := c.Offset()
		v := string(c.Value())
		if !slices.Contains([]string{"true", "false"}, v) {
			return &problem{offset: offset, text: "the value must be true or false"}
		}
		*into = v == "true"
		return nil
	}
}
