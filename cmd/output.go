package cmd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/kyoli-gam/kyoli/internal/env"
	"github.com/kyoli-gam/kyoli/internal/termtext"
)

// format is the output format that holds: the flag's, else table on a terminal
// and tsv elsewhere.
func (f *Factory) format() string {
	switch {
	case f.opts.JSON:
		return formatJSON
	case f.opts.Format != "":
		return f.opts.Format
	case f.outTTY():
		return formatTable
	}
	return formatTSV
}

// structured tells whether the output is for programs that parse it as a whole.
func (f *Factory) structured() bool {
	return f.format() == formatJSON || f.format() == formatYAML
}

// Print writes data to stdout in the format asked for: table for people (cut to
// the terminal) and tsv, or value as JSON or YAML.
func (f *Factory) Print(table *termtext.Table, value any) error {
	switch f.format() {
	case formatJSON:
		return f.printJSON(value, "  ")
	case formatYAML:
		return f.printYAML(value)
	case formatTable:
		if f.headless {
			table = &termtext.Table{Rows: table.Rows, Whole: table.Whole}
		}
		return table.Write(f.Out, f.width(), f.Colour())
	default:
		return table.TSV(f.Out)
	}
}

// PrintJSONLine writes value to stdout as one line, for commands that report
// row by row.
func (f *Factory) PrintJSONLine(value any) error {
	return f.printJSON(value, "")
}

// Colour tells whether stdout may have colours: never under NO_COLOR, always
// under CLICOLOR_FORCE, else on a terminal that is not dumb.
func (f *Factory) Colour() bool {
	switch {
	case f.Env.Get(env.NoColor) != "":
		return false
	case f.Env.Bool(env.CLIColorForce):
		return true
	}
	return f.outTTY() && f.Env.Get(env.Term) != "dumb"
}

func (f *Factory) printJSON(value any, indent string) error {
	data, err := marshal(value, indent)
	if err != nil {
		return err
	}
	_, err = f.Out.Write(escapeHarmful(data))
	return err
}

// marshal is JSON with its line break and without HTML escapes.
func marshal(value any, indent string) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	err := enc.Encode(value)
	return buf.Bytes(), err
}

// printYAML goes through JSON, so that both have the same names and order.
func (f *Factory) printYAML(value any) error {
	data, err := marshal(value, "")
	if err != nil {
		return err
	}
	var node yaml.Node
	if err := yaml.Unmarshal(data, &node); err != nil {
		return err
	}
	blockStyle(&node)
	var buf bytes.Buffer
	enc := yaml.NewEncoder(&buf)
	enc.SetIndent(2)
	if err := enc.Encode(&node); err != nil {
		return err
	}
	_, err = f.Out.Write(escapeHarmful(buf.Bytes()))
	return err
}

// blockStyle drops JSON's flow style, but keeps strings quoted that hold
// characters to be escaped.
func blockStyle(n *yaml.Node) {
	n.Style = 0
	if n.Kind == yaml.ScalarNode && n.Tag == "!!str" && termtext.Clean(n.Value) != n.Value {
		n.Style = yaml.DoubleQuotedStyle
	}
	for _, child := range n.Content {
		blockStyle(child)
	}
}

// escapeHarmful writes characters that a terminal acts on as \uXXXX. They can
// only stand in quoted strings, so the data stay the same.
func escapeHarmful(data []byte) []byte {
	out := make([]byte, 0, len(data))
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		switch {
		case r < utf8.RuneSelf && r != 0x7f || !termtext.Harmful(r):
			out = append(out, data[:size]...)
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, hi, lo)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		data = data[size:]
	}
	return out
}
