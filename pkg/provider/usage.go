package provider

import (
	"context"
	"encoding/json"
	"math"
	"strings"
	"time"
)

// Forms in which providers answer at usage_url and profile_url.
const (
	UsageFormatAuto      = "auto" // whichever of the others it looks like
	UsageFormatOpenAI    = "openai"
	UsageFormatAnthropic = "anthropic"
)

// Usage is what a provider says of an account's quota windows. A window that it
// does not have is nil.
type Usage struct {
	FiveHour       *Window
	SevenDay       *Window
	SevenDaySonnet *Window
	Plan           string // lower case; "" where it does not say
}

// Window is the state of one quota window.
type Window struct {
	Utilization float64   // percent, 0 to 100
	ResetsAt    time.Time // zero where the provider gives none that can be believed
}

// furthestReset bounds what is believed of a reset: no window is longer than a
// month, and an account must not be left out for years for a provider's slip.
const furthestReset = 62 * 24 * time.Hour

// Usage asks the adapter's usage_url what is left of the account's quota. An
// answer in which a window cannot be read is an error as a whole, so that it
// takes no better knowledge's place. The error is a *ProbeError.
func (c *Client) Usage(ctx context.Context, a *Adapter, access, accountID string) (*Usage, error) {
	raw, err := c.probe(ctx, a, ProbedUsage, a.UsageURL, access, accountID)
	if err != nil {
		return nil, err
	}
	usage, wrong := a.parseUsage(raw.Body, raw.Date)
	if wrong != "" {
		return nil, unreadable(a, ProbedUsage, raw, wrong)
	}
	return usage, nil
}

func (a *Adapter) parseUsage(body []byte, at time.Time) (usage *Usage, wrong string) {
	if len(a.UsageMap) > 0 {
		return parseMapped(a.UsageMap, body, at)
	}
	return parseUsage(a.UsageFormat, body, at)
}

// parseUsage reads an answer that came at the time at. wrong says why it cannot
// be read, "" where it can.
func parseUsage(format string, body []byte, at time.Time) (usage *Usage, wrong string) {
	answer, isJSON := jsonObject(body)
	if !isJSON {
		return nil, "the answer is not a JSON object"
	}
	r := windowReader{at: at}
	if format == UsageFormatOpenAI || format != UsageFormatAnthropic && present(answer, "rate_limit") {
		return r.openAI(answer)
	}
	return r.anthropic(answer)
}

// windowReader reads windows until one cannot be read.
type windowReader struct {
	at    time.Time
	wrong string
}

func (r *windowReader) openAI(answer map[string]json.RawMessage) (*Usage, string) {
	limit, isNull, ok := maybeObject(answer, "rate_limit")
	switch {
	case !ok:
		return nil, "the answer has no rate_limit"
	case !isNull && !present(limit, "primary_window") && !present(limit, "secondary_window"):
		return nil, "the answer's rate_limit has no windows"
	}
	u := &Usage{
		FiveHour: r.window(limit, "primary_window", r.openAIWindow),
		SevenDay: r.window(limit, "secondary_window", r.openAIWindow),
		Plan:     plan(text(answer["plan_type"])),
	}
	return u, r.wrong
}

func (r *windowReader) anthropic(answer map[string]json.RawMessage) (*Usage, string) {
	if !present(answer, "five_hour") && !present(answer, "seven_day") {
		return nil, "the answer has no windows"
	}
	u := &Usage{
		FiveHour:       r.window(answer, "five_hour", r.anthropicWindow),
		SevenDay:       r.window(answer, "seven_day", r.anthropicWindow),
		SevenDaySonnet: r.window(answer, "seven_day_sonnet", r.anthropicWindow),
	}
	return u, r.wrong
}

// maybeObject takes a member that is missing for null where ok is false.
func maybeObject(m map[string]json.RawMessage, name string) (o map[string]json.RawMessage, isNull, ok bool) {
	raw, there := m[name]
	if !there {
		return nil, true, false
	}
	if string(raw) == "null" {
		return nil, true, true
	}
	o = members(raw)
	return o, false, o != nil
}

func (r *windowReader) window(in map[string]json.RawMessage, name string, read func(map[string]json.RawMessage) (*Window, bool)) *Window {
	w, isNull, ok := maybeObject(in, name)
	if isNull {
		return nil
	}
	if ok {
		if window, ok := read(w); ok {
			return window
		}
	}
	if r.wrong == "" {
		r.wrong = "its " + name + " cannot be read"
	}
	return nil
}

// openAIWindow counts the reset from our clock, as the provider says how long it
// takes.
func (r *windowReader) openAIWindow(w map[string]json.RawMessage) (*Window, bool) {
	used, ok := percent(w["used_percent"])
	return &Window{Utilization: used, ResetsAt: r.after(w["reset_after_seconds"])}, ok
}

// after is the time in so many seconds, or zero where that is absurdly far.
func (r *windowReader) after(raw json.RawMessage) time.Time {
	after, known := number(raw)
	if !known || after > furthestReset.Seconds() {
		return time.Time{}
	}
	return r.at.Add(time.Duration(max(after, 0) * float64(time.Second)))
}

func (r *windowReader) anthropicWindow(w map[string]json.RawMessage) (*Window, bool) {
	used, ok := percent(w["utilization"])
	return &Window{Utilization: used, ResetsAt: r.believed(instant(w["resets_at"]))}, ok
}

// believed is t, or zero where it lies absurdly far from now.
func (r *windowReader) believed(t time.Time) time.Time {
	if t.IsZero() || t.Sub(r.at).Abs() > furthestReset {
		return time.Time{}
	}
	return t
}

// percent reads a number and cuts it to 0 to 100; false where it is none.
func percent(raw json.RawMessage) (float64, bool) {
	f, ok := number(raw)
	return min(max(f, 0), 100), ok
}

// instant reads RFC 3339, or seconds since 1970; zero for anything else.
func instant(raw json.RawMessage) time.Time {
	if t, err := time.Parse(time.RFC3339, text(raw)); err == nil {
		return t
	}
	if f, ok := number(raw); ok && f > 0 && f < 1e11 {
		return time.Unix(int64(f), 0)
	}
	return time.Time{}
}

// number reads a number as JSON has them, bare or in quotes; one that is out of
// range is an infinity, and NaN is none.
func number(raw json.RawMessage) (float64, bool) {
	s := strings.TrimSpace(cmpOr(text(raw), string(raw)))
	var n json.Number
	if json.Unmarshal([]byte(s), &n) != nil {
		return 0, false
	}
	f, err := n.Float64()
	return f, err == nil || math.IsInf(f, 0)
}
