package executor

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/kyoli-gam/kyoli/internal/rawjson"
)

// sessionHeaders name a session where its first words do not.
var sessionHeaders = []string{"X-Claude-Code-Session-Id", "Session-Id", "X-Session-Id"}

// keys are what requests that belong together have in common.
type keys struct {
	// session is the same for all requests of a conversation: a hash of its first user text, else
	// what a header says; empty where nothing says.
	session string
	// prompt is the same for the requests that one prompt of the user makes, calls of tools among
	// them; empty where the body does not tell.
	prompt string
}

// keysOf reads them from a request: head is the body, or the part of it that is in memory.
func keysOf(h http.Header, head []byte, whole bool) keys {
	first, last, n := userTexts(head)
	k := keys{}
	if n > 0 {
		h := hash("", first, 0)
		k.session = hex.EncodeToString(h[:])
	} else {
		for _, name := range sessionHeaders {
			if id := h.Get(name); id != "" && k.session == "" {
				k.session = name + " " + id
			}
		}
	}
	if n > 0 && whole {
		h := hash(k.session, last, n)
		k.prompt = string(h[:])
	}
	return k
}

// userTexts returns the first and the last text that the user wrote in a request, raw, and how many
// there are. It is made for JSON that was not validated: from anything else it returns something, or
// nothing.
func userTexts(body []byte) (first, last []byte, n uint64) {
	c := rawjson.NewCursor(body)
	if c.Kind() != '{' {
		return nil, nil, 0
	}
	note := func(text []byte) {
		if n++; first == nil {
			first = text
		}
		last = text
	}
	c.Members(func(name []byte) bool {
		if n > 0 || string(name) != "messages" && string(name) != "input" {
			return true
		}
		switch c.Kind() {
		case '"':
			note(c.Value())
		case '[':
			c.Elems(func() bool {
				if text := userText(c.Value()); len(text) > 0 {
					note(text)
				}
				return true
			})
		}
		return true
	})
	return first, last, n
}

// userText returns the raw text of a message of the user's, the first where it has several; nil for
// any other message. Answers of tools, which some providers put into the user's mouth, are no text.
func userText(message []byte) []byte {
	if len(message) == 0 || message[0] != '{' {
		return nil
	}
	var role string
	var text []byte
	rawjson.Each(message, func(name []byte, value jsontext.Value, _ int) bool {
		switch string(name) {
		case "role":
			role, _ = rawjson.Text(value)
		case "content":
			text = contentText(value)
		}
		return true
	})
	if role != "user" {
		return nil
	}
	return text
}

// contentText returns the raw text of a message's content: the text itself, or the first of its parts
// that is one.
func contentText(content []byte) (text []byte) {
	if len(content) == 0 {
		return nil
	}
	switch content[0] {
	case '"':
		return content
	case '[':
		rawjson.EachElem(content, func(part jsontext.Value, _ int) bool {
			text = partText(part)
			return text == nil
		})
	}
	return text
}

func partText(part []byte) (text []byte) {
	if len(part) == 0 || part[0] != '{' {
		return nil
	}
	isText := false
	rawjson.Each(part, func(name []byte, value jsontext.Value, _ int) bool {
		switch string(name) {
		case "type":
			kind, _ := rawjson.Text(value)
			isText = kind == "text" || kind == "input_text"
		case "text":
			text = value
		}
		return true
	})
	if !isText {
		return nil
	}
	return text
}

// hash keeps the user's words out of files and memory.
func hash(a string, b []byte, n uint64) [16]byte {
	h := sha256.New()
	var head [64]byte // and what a session's key takes
	binary.BigEndian.PutUint64(head[:8], uint64(len(a)))
	binary.BigEndian.PutUint64(head[8:16], n)
	_, _ = h.Write(append(head[:16], a...))
	_, _ = h.Write(b)
	var sum [sha256.Size]byte
	return [16]byte(h.Sum(sum[:0]))
}
