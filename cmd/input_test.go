package cmd

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

var inputNow = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func parseLogins(data string) ([]*login, []string, error) {
	d, err := parseDocument("stdin", []byte(data))
	if err != nil {
		return nil, nil, err
	}
	return d.logins(inputNow)
}

func TestLogins(t *testing.T) {
	for name, c := range map[string]struct {
		in      string
		want    []*login
		skipped []string
	}{
		"account of the account file": {
			in: `{"uuid":"u","credentialOwnerId":"o","accountId":"a","accountUuid":"au","deviceId":"d","label":"l","email":"e",
				"planTier":"pro","refreshToken":"r","accessToken":"t","expiresAt":1767323045000,"x":1}`,
			want: []*login{{
				UUID: "u", CredentialOwnerID: "o", AccountID: "a", AccountUUID: "au", DeviceID: "d", Label: "l", Email: "e",
				Plan: "pro", Refresh: "r", Access: "t", ExpiresAt: 1767323045000,
			}},
		},
		"OAuth answer": {
			in: `{"token_type":"bearer","scope":"a b","refresh_token":"r","access_token":"t","id_token":"i","expires_in":3600,"account_id":"a"}`,
			want: []*login{{
				Refresh: "r", Access: "t", IDToken: "i", AccountID: "a", ExpiresAt: inputNow.UnixMilli() + 3600_000,
			}},
		},
		"expires_at in seconds":     {in: `{"refresh_token":"r","expires_at":1767323045}`, want: []*login{{Refresh: "r", ExpiresAt: 1767323045000}}},
		"expires_at in RFC 3339":    {in: `{"refresh_token":"r","expires_at":"2026-01-02T03:04:05Z"}`, want: []*login{{Refresh: "r", ExpiresAt: 1767323045000}}},
		"expiresAt with a fraction": {in: `{"refreshToken":"r","expiresAt":1.767323045e12}`, want: []*login{{Refresh: "r", ExpiresAt: 1767323045000}}},
		"null is absent":            {in: `{"refreshToken":"r","accessToken":null,"expiresAt":null,"label":null}`, want: []*login{{Refresh: "r"}}},
		"both spellings, the same":  {in: `{"refreshToken":"r","refresh_token":"r"}`, want: []*login{{Refresh: "r"}}},
		"entry of auth.json": {
			in:   `{"type":"oauth","refresh":"r","access":"t","expires":1767323045000,"accountId":"a"}`,
			want: []*login{{Refresh: "r", Access: "t", ExpiresAt: 1767323045000, AccountID: "a"}},
		},
		"whole auth.json": {
			in:      `{"openai":{"type":"oauth","refresh":"r","access":"t","expires":0},"x":{"type":"api","key":"k"},"y":{"type":"wellknown","key":"k","token":"t"}}`,
			want:    []*login{{Provider: "openai", key: true, Refresh: "r", Access: "t", field: "openai"}},
			skipped: []string{"x (type api)", "y (type wellknown)"},
		},
		"whole account file": {
			in:   `{"version":1,"accounts":[{"refreshToken":"a"},{"refreshToken":"b"}],"activeAccountUuid":"x"}`,
			want: []*login{{Refresh: "a", field: "accounts[0]"}, {Refresh: "b", field: "accounts[1]"}},
		},
		"array of both spellings": {
			in:   "[\n{\"refresh_token\":\"a\"},\n{\"refreshToken\":\"b\",\"provider\":\"openai\"}]",
			want: []*login{{Refresh: "a", field: "[0]"}, {Refresh: "b", Provider: "openai", field: "[1]"}},
		},
		"byte order mark": {in: "\xef\xbb\xbf{\"refresh\":\"r\"}\n", want: []*login{{Refresh: "r"}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, skipped, err := parseLogins(c.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(login{}), cmpopts.IgnoreFields(login{}, "Account")); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(c.skipped, skipped); diff != "" {
				t.Errorf("skipped (-want +got)\n%s", diff)
			}
		})
	}
}

func TestLoginsKeepWhatElseAnAccountHolds(t *testing.T) {
	got, _, err := parseLogins(`[ {"refreshToken":"a", "refresh_token":"a", "enabled":false, "lastUsed":null, "x" : 1e400, "y":null} , {"refresh_token":"b"}]`)
	if err != nil {
		t.Fatal(err)
	}
	if a := got[0].Account; a == nil || a.Enabled || a.RefreshToken != "" {
		t.Errorf("the rest of an account: %+v", a)
	}
	if got[1].Account != nil {
		t.Errorf("an OAuth answer has %+v", got[1].Account)
	}
	accounts := &store.Accounts{List: []*store.Account{got[0].Account}}
	text, err := accounts.Export("openai", got[0].Account.UUID)
	if err != nil || !strings.Contains(string(text), `"x": 1e400`) || !strings.Contains(string(text), `"y": null`) || strings.Contains(string(text), "refresh_token") {
		t.Errorf("%s (%v)", text, err)
	}
}

func TestLoginErrors(t *testing.T) {
	const secret = "rt-very-secret"
	for name, c := range map[string]struct {
		in   string
		line int
		says string
	}{
		"empty":                  {"", 0, "is empty"},
		"spaces":                 {" \n\t", 0, "is empty"},
		"torn":                   {"{\n\"refreshToken\":\"" + secret, 2, "ends in the middle"},
		"no colon":               {"{\n \"email\": \"x\",\n \"refreshToken\" \"" + secret + "\"\n}", 3, "not valid JSON"},
		"name twice":             {"{\"refreshToken\":\"" + secret + "\",\n\"refreshToken\":\"b\"}", 2, "stands twice"},
		"name twice, nested":     {"{\"refreshToken\":\"a\",\n\"x\":{\"y\":1,\n\"y\":2}}", 3, "stands twice"},
		"invalid UTF-8":          {"{\"refreshToken\":\"a\xff\"}", 1, "not valid JSON"},
		"two values":             {"{\"refreshToken\":\"a\"}\n{\"refreshToken\":\"b\"}", 2, "something follows"},
		"a bare token":           {secret, 1, "not valid JSON"},
		"a string":               {`"` + secret + `"`, 1, "must be an object or an array of objects, is a string"},
		"null":                   {"null", 1, "is null"},
		"empty array":            {"[]", 1, "no account in it"},
		"empty account file":     {`{"version":1,"accounts":[]}`, 1, "no account in it"},
		"array of strings":       {"[\n\"" + secret + "\"]", 2, "[0]: must be an object, is a string"},
		"accounts is no array":   {`{"accounts":{}}`, 1, "accounts: must be an array, is an object"},
		"newer version":          {"{\"version\":2,\n\"accounts\":[]}", 1, "version: must be 1"},
		"no refresh token":       {"[{\"refreshToken\":\"a\"},\n{\"email\":\"x\"}]", 2, "[1].refreshToken: is missing"},
		"no refresh in an entry": {`{"type":"oauth","access":"a"}`, 1, "refresh: is missing"},
		"empty refresh token":    {`{"refreshToken":" "}`, 1, "refreshToken: is empty"},
		"refresh is a number":    {`{"refresh_token":7}`, 1, "refresh_token: must be a string, is a number"},
		"nested refresh token":   {`{"refreshToken":{"a":"` + secret + `"}}`, 1, "refreshToken: must be a string, is an object"},
		"two refresh tokens":     {`{"refreshToken":"` + secret + `","refresh_token":"b"}`, 1, "refresh_token: differs from refreshToken"},
		"expiry true":            {"{\"refreshToken\":\"" + secret + "\",\n\"expiresAt\":true}", 2, "expiresAt: must be milliseconds"},
		"expiry absurd":          {`{"refreshToken":"a","expiresAt":1e306}`, 1, "expiresAt: must be milliseconds"},
		"expiry beyond floats":   {`{"refreshToken":"a","expiresAt":1e400}`, 1, "expiresAt: must be milliseconds"},
		"expiry negative":        {`{"refreshToken":"a","expires_at":-1}`, 1, "expires_at: must be milliseconds"},
		"expiry in words":        {`{"refreshToken":"a","expires":"tomorrow"}`, 1, "expires: must be milliseconds"},
		"expires_in a string":    {`{"refreshToken":"a","expires_in":"3600"}`, 1, "expires_in: must be a number of seconds"},
		"an API key":             {`{"type":"api","key":"` + secret + `"}`, 1, `type: is "api"`},
		"label is a list":        {"[{\"refreshToken\":\"a\",\n\"label\":[\"" + secret + "\"]}]", 2, "[0].label: must be a string, is an array"},
		"state is mistyped":      {"[{\"refreshToken\":\"" + secret + "\",\n\"enabled\":1}]", 2, "[0].enabled: must be true or false"},
		"usage is mistyped":      {"{\"refreshToken\":\"a\",\n\"cachedUsage\":{\"five_hour\":{}}}", 2, "cachedUsage: has a window without a utilization"},
		"nested too deeply":      {`{"refreshToken":"a","x":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`, 1, "nested too deeply"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := parseLogins(c.in)
			var input *inputError
			if !errors.As(err, &input) {
				t.Fatalf("got %v, want an inputError", err)
			}
			if input.Line != c.line || !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), "stdin: ") {
				t.Errorf("got line %d: %v\nwant line %d: … %s", input.Line, err, c.line, c.says)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error quotes the token: %v", err)
			}
			if input.Hint() == "" {
				t.Error("no hint")
			}
		})
	}
}

func TestReadInputIsBounded(t *testing.T) {
	_, err := readInput("stdin", strings.NewReader(strings.Repeat(" ", maxInput+1)))
	if err == nil || !strings.Contains(err.Error(), "longer than 64 MiB") {
		t.Errorf("got %v", err)
	}
	data, err := readInput("stdin", strings.NewReader(strings.Repeat(" ", maxInput)))
	if err != nil || len(data) != maxInput {
		t.Errorf("at the limit: %d bytes, %v", len(data), err)
	}
}

func FuzzLogins(f *testing.F) {
	for _, seed := range []string{
		`{"refreshToken":"r","expiresAt":1767323045000}`,
		`{"refresh_token":"r","expires_in":3600}`,
		`[{"type":"oauth","refresh":"r","access":"a","expires":1}]`,
		`{"openai":{"type":"oauth","refresh":"r","access":"t","expires":0},"x":{"type":"api","key":"k"}}`,
		`{"version":1,"accounts":[{"refreshToken":"a"}]}`,
		`{"a":{"a":{"a":[1,null,true,"\ud800"]}}}`, `[[]]`, `{"accounts":null}`, "\xef\xbb\xbf", "{", "nul",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := parseDocument("stdin", data)
		if err != nil {
			wantInputError(t, err)
			return
		}
		list, skipped, err := d.logins(inputNow)
		if err != nil {
			wantInputError(t, err)
			return
		}
		if len(list)+len(skipped) == 0 {
			t.Error("neither an account nor an error")
		}
		for _, l := range list {
			if strings.TrimSpace(l.Refresh) == "" || l.ExpiresAt < 0 || l.ExpiresAt > maxMillis {
				t.Errorf("an account that cannot be kept: %+v", l)
			}
			if l.Account == nil {
				continue
			}
			l.Account.RefreshToken = store.Secret(l.Refresh)
			accounts := &store.Accounts{List: []*store.Account{l.Account}}
			if _, err := accounts.Export("", l.Account.UUID); err != nil {
				t.Errorf("an account that cannot be written: %v", err)
			}
		}
	})
}

func wantInputError(t *testing.T, err error) {
	t.Helper()
	var input *inputError
	if !errors.As(err, &input) || input.Reason == "" {
		t.Errorf("got %v, want an inputError with a reason", err)
	}
}
