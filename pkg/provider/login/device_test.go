package login

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/provider"
)

// enter enters a user code as a person, on another device.
func (w *world) enter(code, as string) {
	w.t.Helper()
	rec := httptest.NewRecorder()
	w.provider.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "https://login.acme.example/device?user_code="+code+"&as="+as, nil))
	if rec.Code != http.StatusOK {
		w.t.Errorf("enter %s: %d", code, rec.Code)
	}
}

// openai is the form of OpenAI's device login.
func (w *world) openai() {
	const base = "https://login.acme.example"
	w.adapter.DeviceURL, w.adapter.DeviceTokenURL = base+"/deviceauth/usercode", base+"/deviceauth/token"
	w.adapter.DeviceVerificationURL, w.adapter.DeviceRequest = base+"/codex/device", "json"
}

func (w *world) device(f *Flow) *DeviceCode {
	w.t.Helper()
	code, err := f.Device(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return code
}

func TestDevice(t *testing.T) {
	for name, change := range map[string]func(*world){
		"RFC 8628":                        func(*world) {},
		"RFC 8628, JSON at the endpoint":  func(w *world) { w.adapter.TokenRequest = "json" },
		"OpenAI's":                        (*world).openai,
		"an address of its own, by forms": func(w *world) { w.adapter.DeviceTokenURL = w.adapter.TokenURL },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				change(w)
				f := w.flow()
				code := w.device(f)
				own := w.adapter.DeviceVerificationURL
				if code.UserCode == "" || own != "" && (code.URL != own || code.Complete != "") || own == "" && !strings.Contains(code.Complete, code.UserCode) {
					t.Errorf("code %+v", code)
				}
				if left := time.Until(code.Expires); left != 10*time.Minute {
					t.Errorf("good for %s", left)
				}
				time.AfterFunc(30*time.Second, func() { w.enter(code.UserCode, "ann") })
				began := time.Now()
				token, err := f.Poll(t.Context(), code)
				if err != nil || token.Email != "ann@example.com" || token.RefreshToken == "" {
					t.Fatalf("Poll = %v, %v", token, err)
				}
				if took := time.Since(began); took < 30*time.Second || took > 32*time.Second {
					t.Errorf("took %s", took)
				}
				if len(w.kept) != 1 || !strings.Contains(w.kept[0], token.RefreshToken) {
					t.Errorf("kept %d answers", len(w.kept))
				}
			})
		})
	}
}

// How a device's login goes on, and how it ends.
func TestDeviceAnswers(t *testing.T) {
	const pending = `{"error":"authorization_pending"}`
	type step struct {
		status int
		body   string
	}
	denied := func(err error) bool { var e *DeniedError; return errors.As(err, &e) }
	late := func(err error) bool { var e *TimeoutError; return errors.As(err, &e) && e.Device }
	refused := func(err error) bool { var e *provider.TokenError; return errors.As(err, &e) }
	none := func(err error) bool { return err == nil }
	for name, c := range map[string]struct {
		steps    []step
		is       func(error) bool
		from, to time.Duration // of the whole
	}{
		"slow down":               {[]step{{400, pending}, {400, `{"error":"slow_down"}`}}, none, 8 * time.Second, 9 * time.Second},
		"slow down, in an object": {[]step{{400, `{"error":{"code":"slow_down","message":"x"}}`}}, none, 11 * time.Second, 12 * time.Second},
		"pending, in an object":   {[]step{{403, `{"error":{"code":"authorization_pending"}}`}}, none, 2 * time.Second, 3 * time.Second},
		"pending, as a success":   {[]step{{200, pending}}, none, 2 * time.Second, 3 * time.Second},
		"busy":                    {[]step{{503, "<html>"}, {429, ""}}, none, 7 * time.Second, 8 * time.Second},
		"declined":                {[]step{{400, pending}, {400, `{"error":"access_denied"}`}}, denied, 2 * time.Second, 3 * time.Second},
		"declined, in an object":  {[]step{{400, `{"error":{"code":"access_denied"}}`}}, denied, time.Second, 2 * time.Second},
		"expired":                 {[]step{{400, `{"error":"expired_token"}`}}, late, time.Second, 2 * time.Second},
		"refused":                 {[]step{{400, `{"error":"invalid_client"}`}}, refused, time.Second, 2 * time.Second},
		"a firewall":              {[]step{{403, "<html>no</html>"}}, refused, time.Second, 2 * time.Second},
		"no token in it":          {[]step{{200, `{}`}}, refused, time.Second, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				f := w.flow()
				code := w.device(f)
				for _, s := range c.steps {
					w.answer("token", s.status, s.body)
				}
				w.enter(code.UserCode, "ann")
				began := time.Now()
				_, err := f.Poll(t.Context(), code)
				if !c.is(err) {
					t.Errorf("err = %v", err)
				}
				if took := time.Since(began); took < c.from || took > c.to {
					t.Errorf("took %s, want %s to %s", took, c.from, c.to)
				}
			})
		})
	}
}

// broken is a network that fails for a while.
type broken struct {
	http.RoundTripper
	fails int
}

func (b *broken) RoundTrip(r *http.Request) (*http.Response, error) {
	if b.fails > 0 {
		b.fails--
		return nil, errors.New("connection reset by peer")
	}
	return b.RoundTripper.RoundTrip(r)
}

func TestDeviceSurvivesTheNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		f := w.flow()
		code := w.device(f)
		w.enter(code.UserCode, "ann")
		w.client.HTTP.Transport = &broken{w.client.HTTP.Transport, 3}
		if token, err := f.Poll(t.Context(), code); err != nil || token.Email != "ann@example.com" {
			t.Errorf("Poll = %v, %v", token, err)
		}
	})
}

func TestDeviceNobodyComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		f := w.flow()
		code := w.device(f)
		began := time.Now()
		var late *TimeoutError
		if _, err := f.Poll(t.Context(), code); !errors.As(err, &late) || !late.Device {
			t.Errorf("err = %v", err)
		}
		if took := time.Since(began); took < 10*time.Minute || took > 10*time.Minute+time.Second {
			t.Errorf("took %s", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		again := w.flow()
		if _, err := again.Poll(ctx, w.device(again)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("given up: %v", err)
		}
		if len(w.kept) != 0 {
			t.Error("something was kept")
		}
	})
}

func TestDeviceCodeAnswers(t *testing.T) {
	ok := func(change map[string]any) map[string]any {
		m := map[string]any{"device_code": "d", "user_code": "U", "verification_uri": "https://acme.example/device", "expires_in": 60, "interval": 1}
		for name, value := range change {
			if m[name] = value; value == nil {
				delete(m, name)
			}
		}
		return m
	}
	for name, c := range map[string]struct {
		status int
		body   any
		fault  string
		life   time.Duration
	}{
		"good":                {200, ok(nil), "", time.Minute},
		"the old name":        {200, ok(map[string]any{"verification_uri": nil, "verification_url": "https://acme.example/device"}), "", time.Minute},
		"no expiry":           {200, ok(map[string]any{"expires_in": nil}), "", 15 * time.Minute},
		"an absurd expiry":    {200, ok(map[string]any{"expires_in": 86400 * 365, "interval": 1 << 40}), "", time.Hour},
		"another page's link": {200, ok(map[string]any{"verification_uri_complete": "javascript:alert(1)"}), "", time.Minute},
		"no code":             {200, ok(map[string]any{"user_code": nil}), "has no code", 0},
		"no device code":      {200, ok(map[string]any{"device_code": ""}), "has no code", 0},
		"no page":             {200, ok(map[string]any{"verification_uri": nil}), "where to enter the code", 0},
		"not a page":          {200, ok(map[string]any{"verification_uri": "file:///etc/passwd"}), "where to enter the code", 0},
		"with a password":     {200, ok(map[string]any{"verification_uri": "https://a:b@acme.example/"}), "where to enter the code", 0},
		"not JSON":            {200, "<html>", "not a JSON object", 0},
		"mistyped":            {200, `{"device_code":1}`, "", 0},
		"refused":             {400, `{"error":"unauthorized_client","error_description":"no devices"}`, "no devices", 0},
		"broken":              {500, "", "trouble", 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.answer("device", c.status, c.body)
			code, err := w.flow().Device(t.Context())
			if c.life == 0 {
				var refused *provider.TokenError
				if !errors.As(err, &refused) || !strings.Contains(err.Error(), c.fault) {
					t.Errorf("err = %v, want %q", err, c.fault)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if left := time.Until(code.Expires); left > c.life || left < c.life-10*time.Second {
				t.Errorf("good for %s, want %s", left, c.life)
			}
			if code.Complete != "" || code.URL != "https://acme.example/device" || code.auth.Interval > maxInterval {
				t.Errorf("code %+v", code)
			}
		})
	}
	w := newWorld(t)
	w.adapter.DeviceURL = ""
	var no *UnsupportedError
	if _, err := w.flow().Device(t.Context()); !errors.As(err, &no) {
		t.Errorf("without device_url: %v", err)
	}
}
