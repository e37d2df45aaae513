package migrate

import (
	"testing"
)

// What OpenCode would ignore is of type Other.
func TestParseEntry(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]EntryType{
		oauthJSON("r", "a", 1): OAuth,
		oauthJSON("", "", 0):   OAuth,
		oauthJSON("r", "a", 1, "accountId", "x", "enterpriseUrl", "u"):          OAuth,
		`{"type":"oauth","refresh":"r","access":"a"}`:                           Other,
		`{"type":"oauth","refresh":"r","expires":1}`:                            Other,
		`{"type":"oauth","access":"a","expires":1}`:                             Other,
		`{"type":"oauth","refresh":"r","access":"a","expires":"1"}`:             Other,
		`{"type":"oauth","refresh":"r","access":"a","expires":1e306}`:           Other,
		`{"type":"oauth","refresh":"r","access":"a","expires":-1}`:              Other,
		`{"type":"oauth","refresh":null,"access":"a","expires":1}`:              Other,
		`{"type":"oauth","refresh":"r","access":"a","expires":1,"accountId":7}`: Other,
		`{"type":"api","key":"k"}`:                                              API,
		`{"type":"api","key":"k","metadata":{"a":"b"}}`:                         API,
		`{"type":"api","key":"k","metadata":{"a":1}}`:                           Other,
		`{"type":"api","key":"k","metadata":{"a":null}}`:                        Other,
		`{"type":"api"}`: Other,
		`{"type":"wellknown","key":"k","token":"t"}`: WellKnown,
		`{"type":"wellknown","key":"k"}`:             Other,
		`{"type":"new"}`:                             Other,
		`{}`:                                         Other,
		`"text"`:                                     Other,
		`null`:                                       Other,
		`[1]`:                                        Other,
	} {
		if e := parseEntry("k", []byte(raw)); e.Type != want {
			t.Errorf("%s is %s, want %s", raw, e.Type, want)
		}
	}
}

// OpenCode spells things anew and drops what it does not know; that is no change.
func TestEntrySame(t *testing.T) {
	t.Parallel()
	e := func(raw string) Entry { return parseEntry("k", []byte(raw)) }
	base := e(oauthJSON("r", "a", 1700000000000, "accountId", "x"))
	for raw, want := range map[string]bool{
		`{ "expires": 1.7e12, "type":"oauth", "access":"a", "refresh":"r", "accountId":"x", "extra": [1] }`: true,
		oauthJSON("r2", "a", 1700000000000, "accountId", "x"):                                               false,
		oauthJSON("r", "a2", 1700000000000, "accountId", "x"):                                               false,
		oauthJSON("r", "a", 1700000000001, "accountId", "x"):                                                false,
		oauthJSON("r", "a", 1700000000000):                                                                  false,
		`{"type":"api","key":"r"}`:                                                                          false,
	} {
		if got := base.same(e(raw)); got != want {
			t.Errorf("same as %s: %v", raw, got)
		}
	}
	if a, b := e(`{"type":"new","n":1}`), e(`{"type":"new", "n": 2}`); a.same(b) || !a.same(e(`{"type":"new",  "n":1}`)) {
		t.Error("unknown entries are compared as they are")
	}
}
