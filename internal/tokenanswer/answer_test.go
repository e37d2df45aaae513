package tokenanswer

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"
)

func jwt(payload string) string {
	return "eyJhbGciOiJub25lIn0." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".sig"
}

func TestRead(t *testing.T) {
	for body, want := range map[string]Answer{
		`{"access_token":"at","refresh_token":"rt","id_token":"id"}`: {AccessToken: "at", RefreshToken: "rt", IDToken: "id"},
		"\ufeff" + `{"access_token":"at"}`:                           {AccessToken: "at"},
		`{"refresh_token":"rt"}`:                                     {RefreshToken: "rt"},
		`{"access_token":1,"refresh_token":["rt"]}`:                  {},
		`{"access_token":"a","refresh_token":"r t\n"}`:               {AccessToken: "a"},
		`{"access_token":"a","refresh_token":" rt"}`:                 {AccessToken: "a"},
	} {
		got, ok := Read([]byte(body))
		if !ok || got.AccessToken != want.AccessToken || got.RefreshToken != want.RefreshToken || got.IDToken != want.IDToken {
			t.Errorf("Read(%q) = %+v, %v", body, got, ok)
		}
	}
	for _, body := range []string{"", "null", "[]", "<html>", `{"access_token":"a"`, `{} {}`} {
		if got, ok := Read([]byte(body)); ok {
			t.Errorf("Read(%q) = %+v, true", body, got)
		}
	}
}

func TestLifetime(t *testing.T) {
	for body, want := range map[string]time.Duration{
		`{"expires_in":3600}`:       time.Hour,
		`{"expires_in":"3600"}`:     time.Hour,
		`{"expires_in":1}`:          MinLifetime,
		`{"expires_in":1e306}`:      MaxLifetime,
		`{"expires_in":"1e999"}`:    MaxLifetime,
		`{"expires_in":0}`:          DefaultLifetime,
		`{"expires_in":-1}`:         DefaultLifetime,
		`{"expires_in":null}`:       DefaultLifetime,
		`{"expires_in":"infinity"}`: DefaultLifetime,
		`{}`:                        DefaultLifetime,
		`{"access_token":"` + jwt(`{"iat":1000,"exp":8200}`) + `"}`: 2 * time.Hour,
	} {
		a, ok := Read([]byte(body))
		if !ok || a.Lifetime() != want {
			t.Errorf("%s: %v, want %v", body, a.Lifetime(), want)
		}
	}
}

func TestJWTLifetime(t *testing.T) {
	for payload, want := range map[string]time.Duration{
		`{"iat":1000,"exp":4600}`:         time.Hour,
		`{"iat":"1000","exp":"4600"}`:     time.Hour,
		`{"iat":1000,"exp":1000}`:         0,
		`{"iat":5000,"exp":4600}`:         0,
		`{"exp":4600}`:                    0,
		`{"iat":1000}`:                    0,
		`{"iat":1000,"exp":1e306}`:        MaxLifetime,
		`{"iat":1e999,"exp":1e999}`:       0,
		`{"iat":{},"exp":[]}`:             0,
		`{"iat":1000.5,"exp":1001.75}`:    1250 * time.Millisecond,
		`{"iat":-1e308,"exp":1e308}`:      0,
		`{"iat":0.000001,"exp":31536002}`: MaxLifetime,
	} {
		if got := JWTLifetime(jwt(payload)); got != want {
			t.Errorf("JWTLifetime(%s) = %v, want %v", payload, got, want)
		}
	}
}

func TestRepair(t *testing.T) {
	const whole = `{"access_token":"at","refresh_token":"rt","expires_in":3600,"account":{"uuid":"u"}}`
	for n := range len(whole) {
		repaired, ok := Repair([]byte(whole[:n]))
		a, isJSON := Read(repaired)
		arrived := strings.Contains(whole[:n], `"rt"`)
		if ok != arrived || ok && (!isJSON || a.RefreshToken != "rt" || a.AccessToken != "at") {
			t.Errorf("%s: %s, %v", whole[:n], repaired, ok)
		}
	}
	for _, body := range []string{"", "<html>", "[", `{"refresh_token":"r t\n"`, `{"account":{"refresh_token":"rt"}`} {
		if repaired, ok := Repair([]byte(body)); ok {
			t.Errorf("%s: %s", body, repaired)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"access_token":"at","refresh_token":"rt","expires_in":3600}`))
	f.Add([]byte(`{"access_token":"a.e30.c","expires_in":"1e306"}`))
	f.Add([]byte("\ufeff{}"))
	f.Add([]byte(`{"refresh_token":"rt","x`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if repaired, ok := Repair(body); ok {
			if a, isJSON := Read(repaired); !isJSON || a.RefreshToken == "" {
				t.Fatalf("%q is repaired to %q", body, repaired)
			}
		}
		a, ok := Read(body)
		if !ok {
			return
		}
		if d := a.Lifetime(); d < MinLifetime || d > MaxLifetime {
			t.Fatalf("lifetime %v", d)
		}
		if a.RefreshToken != "" && (!HeaderSafe(a.RefreshToken) || strings.ContainsAny(a.RefreshToken, "\r\n")) {
			t.Fatalf("refresh token %q", a.RefreshToken)
		}
	})
}

func FuzzJWTLifetime(f *testing.F) {
	f.Add(`{"iat":1000,"exp":4600}`)
	f.Add(`{"iat":"x","exp":1e999}`)
	f.Fuzz(func(t *testing.T, payload string) {
		for _, token := range []string{payload, jwt(payload)} {
			if d := JWTLifetime(token); d < 0 || d > MaxLifetime {
				t.Fatalf("lifetime %v", d)
			}
		}
	})
}

func TestJWTExpiry(t *testing.T) {
	for payload, want := range map[string]int64{
		`{"exp":1767323045}`:   1767323045000,
		`{"exp":"1767323045"}`: 1767323045000,
		`{"exp":1767323045.5}`: 1767323045500,
	} {
		if got := JWTExpiry(jwt(payload)).UnixMilli(); got != want {
			t.Errorf("%s: %d, want %d", payload, got, want)
		}
	}
	for _, token := range []string{"", "opaque", jwt(`{}`), jwt(`{"exp":-1}`), jwt(`{"exp":1e306}`), jwt(`{"exp":"soon"}`), jwt(`[]`)} {
		if got := JWTExpiry(token); !got.IsZero() {
			t.Errorf("%q: %v", token, got)
		}
	}
}
