package tokenanswer

import (
	"bytes"
	"encoding/json"
)

// Repair ends an answer that broke off behind its last whole member. It returns false for one whose refresh token did
// not arrive whole: of that nobody can say whether the old one stays.
func Repair(body []byte) ([]byte, bool) {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	d := json.NewDecoder(bytes.NewReader(body))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, false
	}
	whole := false
	end := d.InputOffset()
	for d.More() {
		name, err := d.Token()
		var value json.RawMessage
		if err != nil || d.Decode(&value) != nil {
			break
		}
		end = d.InputOffset()
		whole = whole || name == "refresh_token" && HeaderSafe(Text(value))
	}
	return append(bytes.Clone(body[:end]), '}'), whole
}
