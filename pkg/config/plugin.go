package config

import (
	"bytes"
	"errors"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// readPlugin reads the settings of an npm plugin. Its other keys are its own
// affair; a key that kyoli shares has to be right, though the plugin itself
// would silently take the defaults.
func readPlugin(file string) (map[string]located, error) {
	data, err := readFile(file)
	if err != nil || data == nil {
		return nil, err
	}
	return parsePlugin(file, data)
}

// PluginSettings returns the settings that an npm plugin's file has and that
// kyoli shares with it, in the order of Keys; none for a file that does not
// exist. The error is an *Error, or wraps the one of the file system.
func PluginSettings(file string) ([]Value, error) {
	found, err := readPlugin(file)
	if err != nil {
		return nil, err
	}
	var values []Value
	for _, k := range keys {
		if v, ok := found[k.Name]; ok {
			values = append(values, Value{k.Name, v.value, Source{file, v.line}})
		}
	}
	return values, nil
}

func parsePlugin(file string, data []byte) (map[string]located, error) {
	p := pluginReader{file: file, data: data, dec: jsontext.NewDecoder(bytes.NewReader(data))}
	values, err := p.read()
	var syntax *jsontext.SyntacticError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return nil, p.fault(int64(len(data)), "", "not valid JSON: the file ends too early")
	case errors.As(err, &syntax):
		return nil, p.fault(syntax.ByteOffset, "", "not valid JSON")
	}
	return values, err
}

type pluginReader struct {
	file string
	data []byte
	dec  *jsontext.Decoder
}

func (p *pluginReader) read() (map[string]located, error) {
	if kind := p.dec.PeekKind(); kind != jsontext.KindBeginObject && kind != jsontext.KindInvalid {
		return nil, p.fault(0, "", "want a JSON object")
	}
	if _, err := p.dec.ReadToken(); err != nil {
		return nil, err
	}
	values := map[string]located{}
	for p.dec.PeekKind() != jsontext.KindEndObject {
		if err := p.member(values); err != nil {
			return nil, err
		}
	}
	if _, err := p.dec.ReadToken(); err != nil {
		return nil, err
	}
	if _, err := p.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, p.fault(p.dec.InputOffset(), "", "something follows the JSON object")
	}
	return values, nil
}

func (p *pluginReader) member(values map[string]located) error {
	name, err := p.dec.ReadToken()
	if err != nil {
		return err
	}
	k := keyNamed(name.String())
	if k == nil || k.global {
		return p.dec.SkipValue()
	}
	raw, err := p.dec.ReadValue()
	if err != nil {
		return err
	}
	value, got := jsonScalar(raw)
	start := p.dec.InputOffset() - int64(len(raw))
	if wrong := k.accept(value, got); wrong != "" {
		return p.fault(start, k.Name, wrong)
	}
	values[k.Name] = located{value, p.line(start)}
	return nil
}

// jsonScalar is a bool, float64 or string with a name for its type; nil for
// anything else.
func jsonScalar(raw jsontext.Value) (value any, got string) {
	switch raw.Kind() {
	case jsontext.KindTrue, jsontext.KindFalse:
		return raw.Kind() == jsontext.KindTrue, "true or false"
	case jsontext.KindString:
		unquoted, err := jsontext.AppendUnquote(nil, raw)
		if err == nil {
			return string(unquoted), "a string"
		}
	case jsontext.KindNumber:
		f, err := strconv.ParseFloat(string(raw), 64)
		if err == nil {
			return f, "a number"
		}
	case jsontext.KindNull:
		return nil, "null"
	case jsontext.KindBeginArray:
		return nil, "a list"
	case jsontext.KindBeginObject:
		return nil, "an object"
	}
	return nil, "something else"
}

func (p *pluginReader) line(offset int64) int {
	offset = min(offset, int64(len(p.data)))
	return 1 + bytes.Count(p.data[:offset], []byte("\n"))
}

func (p *pluginReader) fault(offset int64, key, reason string) error {
	return &Error{File: p.file, Line: p.line(offset), Key: key, Reason: reason}
}
