package fakeprovider

import (
	"fmt"
	"html"
	"net/http"
	"strings"
)

// deviceLogin is a login on another device that is under way.
type deviceLogin struct {
	userCode, clientID string
	as                 string // who logged in, Deny, or "" as long as nobody did
}

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// deviceLife is how long a code is said to be good, in seconds, and
// deviceInterval how often may be asked.
const (
	deviceLife     = 600
	deviceInterval = 1
)

// deviceCode hands a code out (RFC 8628 section 3.2).
func (p *Provider) deviceCode(w http.ResponseWriter, r *http.Request, _ []byte) {
	page := "http://" + r.Host + "/device"
	answer := p.newDevice(tokenRequest(r).ClientID)
	answer["verification_uri"] = page
	answer["verification_uri_complete"] = page + "?user_code=" + answer["user_code"].(string)
	writeJSON(w, http.StatusOK, answer)
}

// openaiDeviceCode is OpenAI's form: JSON with the client id alone, and an answer
// without the page.
func (p *Provider) openaiDeviceCode(w http.ResponseWriter, r *http.Request, body []byte) {
	if !jsonNames(r, body, "client_id") {
		oauthError(w, "invalid_request", "want JSON with a client_id, and nothing else")
		return
	}
	writeJSON(w, http.StatusOK, p.newDevice(tokenRequest(r).ClientID))
}

func (p *Provider) newDevice(clientID string) map[string]any {
	p.mu.Lock()
	defer p.mu.Unlock()
	code := "dc_" + randomID()
	user := strings.ToUpper(randomID()[:4] + "-" + randomID()[:4])
	p.devices[code] = &deviceLogin{userCode: user, clientID: clientID}
	return map[string]any{"device_code": code, "user_code": user, "expires_in": deviceLife, "interval": deviceInterval}
}

const deviceForm = `<!doctype html><title>Log in</title><h1>Log a device in</h1>
<form><p><label>Code <input name="user_code" value="%s" autofocus></label>
<p><label>Log in as <input name="as" value="somebody"></label> (` + Deny + ` says no)
<p><button>Log in</button></form>`

// devicePage is where the code is entered: user_code, and who says yes (as).
func (p *Provider) devicePage(w http.ResponseWriter, r *http.Request, _ []byte) {
	q := r.URL.Query()
	if q.Get("as") == "" {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprintf(w, deviceForm, html.EscapeString(q.Get("user_code")))
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, d := range p.devices {
		if d.userCode == strings.ToUpper(strings.TrimSpace(q.Get("user_code"))) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			d.as = q.Get("as")
			_, _ = fmt.Fprint(w, "<!doctype html><h1>Go back to your device</h1>")
			return
		}
	}
	http.Error(w, "there is no such code", http.StatusNotFound)
}

// openaiDeviceToken is where OpenAI's form is polled.
func (p *Provider) openaiDeviceToken(w http.ResponseWriter, r *http.Request, body []byte) {
	if !jsonNames(r, body, "client_id", "device_code") {
		oauthError(w, "invalid_request", "want JSON with client_id and device_code, and nothing else")
		return
	}
	p.deviceToken(w, tokenRequest(r))
}

// deviceToken answers a device that asks whether somebody logged in (RFC 8628
// section 3.5).
func (p *Provider) deviceToken(w http.ResponseWriter, t tokenParams) {
	p.mu.Lock()
	d := p.devices[t.DeviceCode]
	if d == nil || d.clientID != t.ClientID {
		p.mu.Unlock()
		oauthError(w, "invalid_grant", "there is no such device code")
		return
	}
	as := d.as
	if as != "" {
		delete(p.devices, t.DeviceCode)
	}
	var c Credential
	if as != "" && as != Deny {
		p.ensure(as)
		c = p.issue(as, randomID())
	}
	p.mu.Unlock()
	switch as {
	case "":
		oauthError(w, "authorization_pending", "nobody has entered the code yet")
	case Deny:
		oauthError(w, "access_denied", "The user said no")
	default:
		p.answerToken(w, c, true)
	}
}
