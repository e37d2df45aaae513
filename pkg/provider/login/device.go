package login

import (
	"context"
	"errors"
	"net/url"
	"time"

	"golang.org/x/oauth2"

	"github.com/kyoli-gam/kyoli/pkg/provider"
)

const (
	// defaultDeviceLife is for an answer that does not say how long the code is
	// good, and maxDeviceLife for one that exaggerates.
	defaultDeviceLife = 15 * time.Minute
	maxDeviceLife     = time.Hour
	// maxInterval bounds how seldom is asked, and slowDown is what a busy provider
	// adds (RFC 8628 section 3.5); both in seconds.
	maxInterval = 60
	slowDown    = 5
)

// DeviceCode is what the person enters on another device. Its texts are the
// provider's; clean them before they are shown.
type DeviceCode struct {
	UserCode string
	URL      string // where it is entered
	Complete string // the same with the code in it; "" where the provider has none
	Expires  time.Time

	auth *oauth2.DeviceAuthResponse
}

// Device asks for a code (RFC 8628 section 3.1), in the form that the adapter
// says. The error is a *provider.SendError, a *provider.TokenError or an
// *UnsupportedError.
func (f *Flow) Device(ctx context.Context) (*DeviceCode, error) {
	a := f.o.Adapter
	if a.DeviceURL == "" {
		return nil, &UnsupportedError{Provider: a.ID, Reason: "the adapter has no device_url, so there is no login with a code"}
	}
	var fields []string
	if a.DeviceRequest == "json" {
		fields = []string{"client_id", "client_secret"}
	}
	var options []oauth2.AuthCodeOption
	if f.config.ClientSecret != "" {
		options = append(options, oauth2.SetAuthURLParam("client_secret", f.config.ClientSecret))
	}
	auth, err := f.config.DeviceAuth(f.by(ctx, a.DeviceRequest, fields), options...)
	if err != nil {
		return nil, f.refusal(err)
	}
	return f.deviceCode(auth)
}

// deviceCode checks an answer, and puts limits to what it says.
func (f *Flow) deviceCode(auth *oauth2.DeviceAuthResponse) (*DeviceCode, error) {
	if auth.VerificationURI == "" {
		auth.VerificationURI = f.o.Adapter.DeviceVerificationURL
	}
	switch {
	case auth.DeviceCode == "" || auth.UserCode == "":
		return nil, f.unusable("the answer has no code")
	case !isPage(auth.VerificationURI):
		return nil, f.unusable("the answer does not say where to enter the code, and the adapter has no device_verification_url")
	}
	if !isPage(auth.VerificationURIComplete) {
		auth.VerificationURIComplete = ""
	}
	now := time.Now()
	if auth.Expiry.IsZero() {
		auth.Expiry = now.Add(defaultDeviceLife)
	}
	if latest := now.Add(maxDeviceLife); auth.Expiry.After(latest) {
		auth.Expiry = latest
	}
	auth.Interval = min(auth.Interval, maxInterval)
	return &DeviceCode{
		UserCode: auth.UserCode, URL: auth.VerificationURI, Complete: auth.VerificationURIComplete,
		Expires: auth.Expiry, auth: auth,
	}, nil
}

// isPage reports an address that can be shown to a person to be opened.
func isPage(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}

func (f *Flow) unusable(why string) error {
	return &provider.TokenError{Provider: f.o.Adapter.ID, Description: "device login: " + why}
}

// refusal is the provider's answer in place of x/oauth2's error, which repeats
// it.
func (f *Flow) refusal(err error) error {
	if _, rerr := f.token(err); rerr != nil {
		return rerr
	}
	return f.unusable("the answer cannot be read")
}

// Poll waits until the code was entered, and returns the tokens. A provider that
// is busy, or not to be reached for a while, is asked again. Errors:
// *DeniedError, *TimeoutError, those of [Flow.Exchange], the context's.
func (f *Flow) Poll(ctx context.Context, code *DeviceCode) (*provider.Token, error) {
	config := f.config
	ctx, auth := f.pollBy(ctx, &config), *code.auth
	for {
		f.raw = nil
		_, err := config.DeviceAccessToken(ctx, &auth)
		token, err := f.token(err)
		switch {
		case err == nil:
			return token, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case !time.Now().Before(code.Expires):
			return nil, &TimeoutError{Provider: f.o.Adapter.ID, Device: true}
		}
		if auth.Interval, err = f.askAgain(err, auth.Interval); err != nil {
			return nil, err
		}
	}
}

// pollBy says where and in which form is asked: the token endpoint and its form,
// unless the adapter has an address of its own for it.
func (f *Flow) pollBy(ctx context.Context, config *oauth2.Config) context.Context {
	a := f.o.Adapter
	if a.DeviceTokenURL == "" {
		return f.by(ctx, a.TokenRequest, nil)
	}
	config.Endpoint.TokenURL = a.DeviceTokenURL
	if a.DeviceRequest == "json" {
		return f.by(ctx, a.DeviceRequest, []string{"client_id", "client_secret", "device_code"})
	}
	return f.by(ctx, a.DeviceRequest, nil)
}

// askAgain is how long to wait, in seconds, until the provider is asked again; an
// error is what ends a device's login. x/oauth2 itself goes on after the answers
// of RFC 8628; here are those that it takes for the end, such as the same codes
// in an object, and an answer that did not come.
func (f *Flow) askAgain(err error, interval int64) (int64, error) {
	busy := min(2*max(interval, 1), maxInterval)
	var send *provider.SendError
	var refused *provider.TokenError
	switch {
	case errors.As(err, &send):
		return busy, nil
	case !errors.As(err, &refused):
		return 0, err
	}
	switch refused.Code {
	case "access_denied":
		return 0, &DeniedError{Provider: f.o.Adapter.ID, Code: refused.Code, Reason: refused.Description}
	case "expired_token":
		return 0, &TimeoutError{Provider: f.o.Adapter.ID, Device: true}
	case "authorization_pending":
		return interval, nil
	case "slow_down":
		return min(max(interval, slowDown)+slowDown, maxInterval), nil
	}
	if refused.Status >= 500 || refused.Status == 429 {
		return busy, nil
	}
	return 0, refused
}
