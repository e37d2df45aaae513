package provider

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"
)

// The windows that usage_map may have, and what it may say of one: first the ways in
// which it says how much is used.
var (
	mapWindows = []string{"five_hour", "seven_day"}
	mapMembers = []string{"utilization", "fraction", "used", "remaining", "limit", "resets_at", "resets_in"}
)

const mapNames = "allowed: five_hour and seven_day, each with utilization, fraction, used, remaining, limit, resets_at, resets_in; and plan"

// checkMapName takes a name of usage_map, such as five_hour.used or plan.
func checkMapName(s string) string {
	window, member, nested := strings.Cut(s, ".")
	if s == "plan" || nested && slices.Contains(mapWindows, window) && slices.Contains(mapMembers, member) {
		return ""
	}
	return "unknown key (" + mapNames + ")"
}

// checkMapValue takes a JSON path, or a number, which a limit may be that is not in
// the answer.
func checkMapValue(s string) string {
	if f, ok := number(json.RawMessage(s)); ok {
		if f > 0 && !math.IsInf(f, 0) {
			return ""
		}
		return "want a JSON path, or a number above 0"
	}
	return checkJSONPath(s)
}

// mapFault is what is wrong with a usage_map as a whole.
type mapFault struct {
	key, reason string // the key has no "usage_map." before it; "" for the whole
	lacks       bool   // something is not there yet
}

// checkMap holds the keys of usage_map against each other, a window at a time.
func checkMap(m map[string]string) (faults []mapFault) {
	some := false
	for _, w := range mapWindows {
		if !hasWindow(m, w) {
			continue
		}
		some = true
		if f := checkMapWindow(m, w); f.reason != "" {
			faults = append(faults, f)
		}
	}
	if len(m) > 0 && !some {
		faults = append(faults, mapFault{reason: "has no window; want five_hour or seven_day", lacks: true})
	}
	return faults
}

func checkMapWindow(m map[string]string, w string) mapFault {
	has := func(member string) bool { return m[w+"."+member] != "" }
	counted := has("used") || has("remaining")
	ways := 0
	for _, way := range mapMembers[:4] {
		if has(way) {
			ways++
		}
	}
	for _, member := range mapMembers {
		if _, constant := number(json.RawMessage(m[w+"."+member])); constant && member != "limit" {
			return mapFault{key: w + "." + member, reason: badPath}
		}
	}
	switch {
	case ways > 1:
		return mapFault{key: w, reason: oneWay}
	case ways == 1 && !counted && has("limit"):
		return mapFault{key: w, reason: "limit belongs to used or remaining"}
	case has("resets_at") && has("resets_in"):
		return mapFault{key: w, reason: "want resets_at or resets_in, not both"}
	case ways == 0:
		return mapFault{key: w, reason: oneWay, lacks: true}
	case counted && !has("limit"):
		return mapFault{key: w, reason: "used and remaining need limit", lacks: true}
	}
	return mapFault{}
}

const oneWay = "want one of utilization (percent), fraction (0 to 1), used with limit, or remaining with limit"

func hasWindow(m map[string]string, window string) bool {
	for name := range m {
		if strings.HasPrefix(name, window+".") {
			return true
		}
	}
	return false
}

// parseMapped reads a usage answer that came at the time at, by the paths of
// usage_map. A window whose values are all missing or null does not exist; one of
// which only a part is there cannot be read.
func parseMapped(m map[string]string, body []byte, at time.Time) (usage *Usage, wrong string) {
	doc := readDocument(body)
	if doc == nil {
		return nil, "the answer is not JSON"
	}
	for _, f := range checkMap(m) {
		return nil, strings.TrimSuffix("usage_map."+f.key, ".") + ": " + f.reason
	}
	r := mapReader{doc: doc, paths: m, windowReader: windowReader{at: at}}
	usage = &Usage{FiveHour: r.mapped("five_hour"), SevenDay: r.mapped("seven_day"), Plan: plan(doc.name(m["plan"]))}
	if r.wrong == "" && !r.found {
		r.wrong = "nothing is in the answer where usage_map looks"
	}
	if r.wrong != "" {
		return nil, r.wrong
	}
	return usage, ""
}

type mapReader struct {
	windowReader
	doc   *document
	paths map[string]string
	found bool // something was, be it null
}

func (r *mapReader) mapped(window string) *Window {
	if !hasWindow(r.paths, window) {
		return nil
	}
	used, found, wrong := r.utilization(window)
	if wrong != "" && r.wrong == "" {
		r.wrong = "usage_map." + window + ": " + wrong
	}
	if !found || wrong != "" {
		return nil
	}
	r.found = true
	return &Window{Utilization: min(max(used, 0), 100), ResetsAt: r.resets(window)}
}

// utilization is in percent. found is false for a window that does not exist.
func (r *mapReader) utilization(window string) (percent float64, found bool, wrong string) {
	for _, member := range mapMembers[:4] {
		if r.paths[window+"."+member] == "" {
			continue
		}
		value, found, wrong := r.number(window, member)
		switch {
		case !found || wrong != "":
			return 0, found, wrong
		case member == "utilization":
			return value, true, ""
		case member == "fraction":
			return value * 100, true, ""
		}
		return r.share(window, member, value)
	}
	return 0, false, ""
}

// share is used or remaining as a share of the limit, in percent. A limit that is
// null is none.
func (r *mapReader) share(window, member string, value float64) (percent float64, found bool, wrong string) {
	limit, found, wrong := r.number(window, "limit")
	if !found || wrong != "" {
		return 0, found, wrong
	}
	percent = value / limit * 100
	if member == "remaining" {
		percent = 100 - percent
	}
	if limit <= 0 || math.IsNaN(percent) {
		return 0, true, "limit or " + member + " is out of range"
	}
	return percent, true, ""
}

// number is a value of a window; found is false where it is missing or null.
func (r *mapReader) number(window, member string) (f float64, found bool, wrong string) {
	path := r.paths[window+"."+member]
	if f, constant := number(json.RawMessage(path)); constant {
		return f, true, ""
	}
	raw, count := r.doc.at(path)
	switch {
	case count > 1:
		return 0, true, member + " is in several places of the answer"
	case count == 0 && member == "limit":
		return 0, true, "limit is not in the answer"
	case raw == nil:
		r.found = r.found || count > 0
		return 0, false, ""
	}
	f, ok := number(raw)
	if !ok {
		return 0, true, member + " is not a number"
	}
	return f, true, ""
}

// resets is zero where the answer says nothing that can be believed. A time is RFC
// 3339, or seconds or milliseconds since 1970; how long it takes is in seconds.
func (r *mapReader) resets(window string) time.Time {
	if path := r.paths[window+".resets_in"]; path != "" {
		raw, _ := r.doc.at(path)
		return r.after(raw)
	}
	raw, _ := r.doc.at(r.paths[window+".resets_at"])
	if ms, ok := number(raw); ok && ms >= 1e11 && ms < 1e14 {
		return r.believed(time.UnixMilli(int64(ms)))
	}
	return r.believed(instant(raw))
}
