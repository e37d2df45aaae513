// Package login is how a person logs in at a provider: in a browser that comes
// back to a loopback address (RFC 8252), with a code on another device (RFC
// 8628), or by pasting what the browser ends at. All are OAuth 2.0 by
// golang.org/x/oauth2, with PKCE (RFC 7636, S256) and a state.
//
// It promises that
//   - a code is exchanged once, and only one that came with this login's state;
//   - the answer with the tokens is handed over before anybody parses it;
//   - whatever a callback brings that is not this login's is refused, and the
//     login goes on;
//   - no listener and no goroutine outlives a login.
//
// It prints nothing, opens no browser and stores nothing: that is the caller's.
package login

import (
	"context"
	"errors"
	"net/http"

	"golang.org/x/oauth2"

	"github.com/kyoli-gam/kyoli/pkg/provider"
)

// Options are what a login works with. Adapter and Client are required.
type Options struct {
	Adapter *provider.Adapter
	Client  *provider.Client
	// Keep is handed each successful answer of the token endpoint as it came,
	// before it is parsed; nil = nobody keeps it.
	Keep func(*provider.RawAnswer)
}

// Flow is one login. It is for one goroutine, and for one code.
type Flow struct {
	o        Options
	config   oauth2.Config
	state    string
	verifier string
	raw      *provider.RawAnswer // the last answer
}

// New prepares a login. The error is a *provider.TokenError for an adapter whose
// client secret is missing.
func New(o Options) (*Flow, error) {
	secret, err := o.Client.ClientSecret(o.Adapter)
	if err != nil {
		return nil, err
	}
	return &Flow{
		o: o,
		config: oauth2.Config{
			ClientID: o.Adapter.ClientID, ClientSecret: secret, Scopes: o.Adapter.Scopes, RedirectURL: o.Adapter.RedirectURL,
			Endpoint: oauth2.Endpoint{
				AuthURL: o.Adapter.AuthorizeURL, TokenURL: o.Adapter.TokenURL, DeviceAuthURL: o.Adapter.DeviceURL,
				AuthStyle: oauth2.AuthStyleInParams, // any other may send a code twice
			},
		},
		state: oauth2.GenerateVerifier(), verifier: oauth2.GenerateVerifier(), // 256 random bits each
	}, nil
}

// Methods tells which ways of logging in an adapter has.
func Methods(a *provider.Adapter) (browser, device bool) {
	return a.AuthorizeURL != "", a.DeviceURL != ""
}

// authorizeURL is where the person says yes.
func (f *Flow) authorizeURL() string {
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(f.verifier)}
	for name, value := range f.o.Adapter.AuthorizeParams {
		options = append(options, oauth2.SetAuthURLParam(name, value))
	}
	return f.config.AuthCodeURL(f.state, options...)
}

// Exchange makes tokens of a code. The error is a *provider.SendError where no
// answer came, a *provider.TokenError where it was a refusal, a
// *NoRefreshTokenError.
func (f *Flow) Exchange(ctx context.Context, code string) (*provider.Token, error) {
	_, err := f.config.Exchange(f.by(ctx, f.o.Adapter.TokenRequest, nil), code, oauth2.VerifierOption(f.verifier))
	return f.token(err)
}

// by makes x/oauth2 send its requests as kyoli sends them.
func (f *Flow) by(ctx context.Context, encoding string, fields []string) context.Context {
	f.raw = nil
	return context.WithValue(ctx, oauth2.HTTPClient, &http.Client{Transport: &provider.LoginTransport{
		Client: f.o.Client, Encoding: encoding, ClientAuth: f.o.Adapter.ClientAuth, Fields: fields, Keep: f.keep,
	}})
}

func (f *Flow) keep(raw *provider.RawAnswer) {
	f.raw = raw
	if f.o.Keep != nil && raw.MayHoldToken() {
		f.o.Keep(raw)
	}
}

// token reads the answer by the same rules as one to a refresh. x/oauth2's error
// counts only where there is none: it repeats the answer, and is stricter.
func (f *Flow) token(err error) (*provider.Token, error) {
	if f.raw == nil {
		var send *provider.SendError
		if errors.As(err, &send) {
			return nil, send
		}
		return nil, err
	}
	return Parse(f.o.Client, f.o.Adapter, f.raw)
}

// Parse reads the answer to a login, as [Options.Keep] was handed it. Errors as
// [Flow.Exchange].
func Parse(c *provider.Client, a *provider.Adapter, raw *provider.RawAnswer) (*provider.Token, error) {
	token, err := c.Parse(a, raw)
	if err != nil {
		return nil, err
	}
	if token.RefreshToken == "" {
		return nil, &NoRefreshTokenError{Provider: a.ID}
	}
	if token.AccountID == "" {
		id, _ := provider.Claims(token.IDToken) // not a JWT: nothing to take
		token.AccountID = id.Subject
	}
	return token, nil
}
