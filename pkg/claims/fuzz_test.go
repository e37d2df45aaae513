package claims

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func seedFuzz(f *testing.F) {
	for _, text := range damaged {
		if len(text) < 1<<10 {
			f.Add([]byte(text))
		}
	}
	for _, text := range mistyped {
		f.Add([]byte(text))
	}
}

// FuzzDocument: what is accepted can be written and read again without any loss.
func FuzzDocument(f *testing.F) {
	seedFuzz(f)
	f.Add([]byte(`{"version":1,"x":[1.0],"holders":{"a":[{"id":"s","pid":1,"startTime":"9","bootId":"b",` +
		`"pidNs":"n","host":"h","command":"c","since":1,"seen":1.7e12,"exclusive":true,"y":{}}]},` +
		`"tickets":[{"id":"t","pid":2,"since":1,"seen":2,"exclusive":true,"wants":["a"]}],` +
		`"cursor":{"uuid":"a","index":1},"sticky":{"k":{"uuid":"a","at":1}},"last429":{"a":1},` +
		`"released":{"s":1},"watch":{"a s":{"value":1,"since":2}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := parseDocument(b)
		if err != nil {
			return
		}
		out, err := d.encode()
		if err != nil {
			t.Fatalf("cannot be written: %v", err)
		}
		again, err := parseDocument(out)
		if err != nil {
			t.Fatalf("cannot be read again: %v\n%s", err, out)
		}
		out2, err := again.encode()
		if err != nil || !bytes.Equal(out, out2) {
			t.Errorf("changes by being read (%v):\n%s\n%s", err, out, out2)
		}
	})
}

// FuzzPlugin: what is accepted keeps every member that we do not touch.
func FuzzPlugin(f *testing.F) {
	seedFuzz(f)
	f.Add([]byte(`{"a":{"pid":1,"at":1760000000000},"b":{"pid":2.0,"at":1.7e12,"x":1.0},"c":7,"d":{"pid":"1"}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := parsePlugin(b)
		if err != nil {
			return
		}
		for uuid, e := range p.entries {
			if e.PID <= 0 {
				t.Errorf("%q has process %d", uuid, e.PID)
			}
		}
		want := map[string]any{}
		if len(b) > 0 {
			if err := json.Unmarshal(b, &want); err != nil {
				t.Skip() // numbers out of range
			}
		}
		if err := p.set("ours", &entry{PID: 5, At: 6}); err != nil {
			t.Fatal(err)
		}
		out, err := p.encode()
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]any{}
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		want["ours"] = map[string]any{"pid": 5.0, "at": 6.0}
		if d := cmp.Diff(want, got, cmpopts.EquateNaNs()); d != "" {
			t.Error(d)
		}
	})
}
