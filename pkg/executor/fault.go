package executor

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// kind sorts what can be wrong with an answer.
type kind int

const (
	fine    kind = iota // nothing, or nothing that another account would do better
	limited             // the account has used up what it may
	busy                // the provider is overloaded or broken
	refused             // the access token is not accepted
	revoked             // the login has ended
)

// fault is what a provider's error says of itself: in the body of an answer, or in an event of a
// stream.
type fault struct {
	codes   []string // error codes and types, in lower case
	number  int      // an HTTP status within the error, 0 = none
	message string
	wait    time.Duration // how long until it is over, 0 = not said
}

// parseFault reads an error as providers write them: {"error":{…}}, {"error":"code"}, {"detail":…}, or
// the members in the object itself. False is returned for anything that is no JSON object.
func parseFault(body []byte, now time.Time) (fault, bool) {
	var f fault
	var object map[string]json.RawMessage
	if json.Unmarshal(body, &object) != nil || object == nil {
		return f, false
	}
	f.read(object, now)
	for _, name := range []string{"error", "detail", "response"} {
		f.nested(object[name], now)
	}
	if f.wait == 0 {
		f.wait = WaitInWords(f.message)
	}
	return f, true
}

// nested reads what may be an object or a text.
func (f *fault) nested(raw json.RawMessage, now time.Time) {
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) == nil && object != nil {
		f.read(object, now)
		if inner := object["error"]; inner != nil { // response.failed
			f.nested(inner, now)
		}
		return
	}
	if s := str(raw); strings.ContainsRune(s, ' ') {
		f.say(s)
	} else if s != "" {
		f.codes = append(f.codes, strings.ToLower(s))
	}
}

func (f *fault) read(object map[string]json.RawMessage, now time.Time) {
	for _, name := range []string{"code", "type", "status"} {
		if code := str(object[name]); code != "" {
			f.codes = append(f.codes, strings.ToLower(code))
		} else if n, err := strconv.Atoi(string(object[name])); err == nil {
			f.number = n
		}
	}
	f.say(str(object["message"]))
	f.say(str(object["error_description"]))
	for _, name := range []string{"resets_in_seconds", "retry_after"} {
		f.wait = max(f.wait, spanOrSeconds(scalar(object[name])))
	}
	if f.wait == 0 {
		f.wait = moment(scalar(object["resets_at"]), now)
	}
}

func (f *fault) say(message string) {
	if f.message == "" {
		f.message = message
	}
}

// str is the text of a JSON string, "" for anything else.
func str(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// scalar is the text of a JSON string or number.
func scalar(raw json.RawMessage) string {
	if s := str(raw); s != "" {
		return s
	}
	return string(raw)
}

// has tells whether one of the error's codes is among codes.
func (f *fault) has(codes ...string) bool {
	for _, have := range f.codes {
		for _, code := range codes {
			if have == code {
				return true
			}
		}
	}
	return false
}

// kind sorts an error that comes without an HTTP status of its own, in a stream.
func (f *fault) kind() kind {
	switch {
	case f.namesLimit(), f.has("too_many_requests", "resource_exhausted"), f.number == 429:
		return limited
	case f.has("server_is_overloaded", "server_overloaded", "overloaded_error", "overloaded", "slow_down", "server_error",
		"internal_server_error", "internal_error", "api_error", "service_unavailable", "unavailable", "timeout_error",
		"engine_overloaded"), f.number >= 500 && f.number <= 599:
		return busy
	case f.namesRevoked():
		return revoked
	case f.has("authentication_error", "token_expired", "expired_token", "invalid_token", "unauthorized", "unauthenticated"), f.number == 401:
		return refused
	}
	return fine
}

// namesLimit tells whether the error's code says that the account has used up what it may.
func (f *fault) namesLimit() bool {
	return f.has("rate_limit_exceeded", "rate_limit_error", "rate_limit_reached", "usage_limit_reached", "usage_limit_exceeded",
		"usage_not_included", "insufficient_quota", "quota_exceeded", "billing_hard_limit_reached")
}

// namesRevoked tells whether the error says that the token was revoked: by its code, or in words.
func (f *fault) namesRevoked() bool {
	for _, code := range f.codes {
		if strings.Contains(code, "revoked") || code == "token_invalidated" || code == "account_deactivated" {
			return true
		}
	}
	message := strings.ToLower(f.message)
	if !strings.Contains(message, "revoked") && !strings.Contains(message, "invalidated") {
		return false
	}
	for _, what := range []string{"token", "credential", "login", "authorization", "session"} {
		if strings.Contains(message, what) {
			return true
		}
	}
	return false
}

// words says what the error is, for a person, without what the provider may repeat of the request.
func (f *fault) words() string {
	for _, code := range f.codes {
		generic := code == "error" || code == "failed" || strings.HasPrefix(code, "response.")
		if !generic && len(code) <= 64 && strings.IndexFunc(code, notCode) < 0 {
			return code
		}
	}
	return ""
}

func notCode(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' && r != '.' && r != '-'
}
