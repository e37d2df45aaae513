package pools

import (
	"testing"
)

// sample has what the plugin and this code do not know, in a layout of its own.
const sample = `{ "schema" : 9007199254740993,
    "pools" : [ {"enabled":true, "name":"work",  "baseProvider":"openai", "members":["a" , "b"], "colour":"gr\u00fcn"},
                {"name":"home","baseProvider":"openai","members":["c"],"enabled":true} ],
    "chains": [
      {
        "name": "all",
        "entries": [ {"pool":"work","enabled":true,"weight":1.0e1}, {"pool":"home", "model":"small", "enabled":true} ],
        "note": [ 1,2 ],
        "enabled": true
      }
    ]
}
`

func TestAChangeLeavesTheRestAlone(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(t *testing.T, c *Config)
		from   string
		want   string
	}{
		"nothing": {func(*testing.T, *Config) {}, sample, sample},
		"enabled": {func(t *testing.T, c *Config) { pool(t, c, "work").Enabled = false }, sample, `{ "schema" : 9007199254740993,
    "pools" : [ {"enabled":false, "name":"work",  "baseProvider":"openai", "members":["a" , "b"], "colour":"gr\u00fcn"},
                {"name":"home","baseProvider":"openai","members":["c"],"enabled":true} ],
    "chains": [
      {
        "name": "all",
        "entries": [ {"pool":"work","enabled":true,"weight":1.0e1}, {"pool":"home", "model":"small", "enabled":true} ],
        "note": [ 1,2 ],
        "enabled": true
      }
    ]
}
`},
		"members": {func(t *testing.T, c *Config) {
			p := pool(t, c, "work")
			p.Remove("a")
			ok(t, p.Add(0, "x", "b", "y"))
		}, sample, `{ "schema" : 9007199254740993,
    "pools" : [ {"enabled":true, "name":"work",  "baseProvider":"openai", "members":["b" , "x" , "y"], "colour":"gr\u00fcn"},
                {"name":"home","baseProvider":"openai","members":["c"],"enabled":true} ],
    "chains": [
      {
        "name": "all",
        "entries": [ {"pool":"work","enabled":true,"weight":1.0e1}, {"pool":"home", "model":"small", "enabled":true} ],
        "note": [ 1,2 ],
        "enabled": true
      }
    ]
}
`},
		"an entry moves with all that it has, a pool goes": {func(t *testing.T, c *Config) {
			ok(t, c.RemovePool("work"))
			ok(t, chain(t, c, "all").Add(2, "", "work"))
		}, sample, `{ "schema" : 9007199254740993,
    "pools" : [ {"name":"home","baseProvider":"openai","members":["c"],"enabled":true} ],
    "chains": [
      {
        "name": "all",
        "entries": [ {"pool":"home", "model":"small", "enabled":true}, {"pool":"work","enabled":true,"weight":1.0e1} ],
        "note": [ 1,2 ],
        "enabled": true
      }
    ]
}
`},
		"from nothing, as the plugin writes it": {func(t *testing.T, c *Config) {
			p, err := c.AddPool("work", "openai")
			ok(t, err)
			ok(t, p.Add(0, "a"))
			ch, err := c.AddChain("all")
			ok(t, err)
			ok(t, ch.Add(0, "", "work"))
			ok(t, ch.Add(0, "small", "work"))
			_, err = c.AddChain("none")
			ok(t, err)
		}, "", `{
  "pools": [
    {
      "name": "work",
      "baseProvider": "openai",
      "members": [
        "a"
      ],
      "enabled": true
    }
  ],
  "chains": [
    {
      "name": "all",
      "entries": [
        {
          "pool": "work",
          "enabled": true
        },
        {
          "pool": "work",
          "model": "small",
          "enabled": true
        }
      ],
      "enabled": true
    },
    {
      "name": "none",
      "entries": [],
      "enabled": true
    }
  ]
}
`},
		"lists that are missing": {func(t *testing.T, c *Config) {
			_, err := c.AddPool("work", "openai")
			ok(t, err)
		}, `{}`, `{
  "pools": [
    {
      "name": "work",
      "baseProvider": "openai",
      "members": [],
      "enabled": true
    }
  ]
}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &Config{}
			if tt.from != "" {
				var p *problem
				if c, p = parse([]byte(tt.from)); p != nil {
					t.Fatal(p)
				}
			}
			tt.change(t, c)
			got, err := c.encode()
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func pool(t *testing.T, c *Config, name string) *Pool {
	t.Helper()
	p, err := c.Pool(name)
	ok(t, err)
	return p
}

func chain(t *testing.T, c *Config, name string) *Chain {
	t.Helper()
	ch, err := c.Chain(name)
	ok(t, err)
	return ch
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
