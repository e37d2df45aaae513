package migrate

import (
	"bytes"
	"encoding/base64"
	"testing"
)

func TestFormOf(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]Form{
		`{"version":1,"accounts":[]}`:           FormAccounts,
		`{"accounts":[],"pools":{}}`:            FormAccounts,
		`{"OPENAI_API_KEY":null,"tokens":null}`: FormCodex,
		`{"auth_mode":"apikey"}`:                FormCodex,
		`{"pools":[],"chains":[]}`:              FormPools,
		`{"x":{"type":"api","key":"k"}}`:        FormAuthJSON,
		`{"x":{"type":"oauth"}}`:                FormUnknown,
		`{"type":"oauth","refresh":"r"}`:        FormUnknown,
		`[{"refreshToken":"r"}]`:                FormUnknown,
		`{"accounts":`:                          FormUnknown,
		"":                                      FormUnknown,
	} {
		if got := FormOf([]byte(in)); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

func TestUnwrap(t *testing.T) {
	t.Parallel()
	const doc = `{"accounts":[]}`
	packed := base64.StdEncoding.EncodeToString([]byte(doc))
	for in, want := range map[string]string{
		doc:                                    doc,
		"\ufeff" + doc:                         doc,
		packed + "\n":                          doc,
		" " + packed[:8] + "\r\n" + packed[8:]: doc,
		base64.StdEncoding.EncodeToString([]byte("\ufeff" + doc)): doc,
		base64.StdEncoding.EncodeToString([]byte(packed)):         base64.StdEncoding.EncodeToString([]byte(packed)), // once, not for ever
		"":          "",
		"no base64": "no base64",
		"e30":       "e30",  // it is not padded
		"e31=":      "e31=", // nor strict
		base64.StdEncoding.EncodeToString([]byte("text")): base64.StdEncoding.EncodeToString([]byte("text")),
		sealedIntro + "-> x":                              sealedIntro + "-> x",
	} {
		if got := Unwrap([]byte(in)); string(got) != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func FuzzUnwrap(f *testing.F) {
	f.Add([]byte(`{"accounts":[]}`))
	f.Add([]byte("eyJhY2NvdW50cyI6W119"))
	f.Add([]byte("\xef\xbb\xbfe30="))
	f.Fuzz(func(t *testing.T, data []byte) {
		got := Unwrap(data)
		if len(got) > len(data) {
			t.Errorf("%d bytes became %d", len(data), len(got))
		}
		packed := []byte(base64.StdEncoding.EncodeToString(data))
		if want := bytes.TrimPrefix(data, utf8Mark); isDocument(want) && !bytes.Equal(Unwrap(packed), want) {
			t.Errorf("%q is lost in base64", data)
		}
		FormOf(got)
	})
}
