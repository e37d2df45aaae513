package e2e_test

import (
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/internal/fakeprovider"
)

var (
	saysAuthorize = regexp.MustCompile(`(http://\S+/oauth/authorize\?\S+)`)
	saysUserCode  = regexp.MustCompile(`\b([0-9A-F]{4}-[0-9A-F]{4})\b`)
	saysListen    = regexp.MustCompile(`(http://127\.0\.0\.1:[0-9]+)`)
	forgedCode    = "ac_" + strings.Repeat("f", 32)
	forgedSecret  = "kyr_" + strings.Repeat("x", 43)
)

// consent logs "three" in at the provider, and returns where that sends the browser.
func consent(t *testing.T, authorize string) string {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Get(authorize + "&as=three")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.Header.Get("Location")
}

// asked sends a request, and holds the answer's status against want. The secret goes into a header, unless it is empty.
func asked(t *testing.T, method, address, secret string, want int) {
	t.Helper()
	req, err := http.NewRequest(method, address, strings.NewReader(`{"model":"m","input":"hello"}`))
	if err != nil {
		t.Fatal(err)
	}
	if secret != "" {
		req.Header.Set("Authorization", "Bearer "+secret)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err != nil || res.StatusCode != want {
		t.Errorf("%s, want %d: %v: %s", res.Status, want, err, body)
	}
}

// inBrowser comes back with a code that is not the login's, and then with the one that is.
func inBrowser(_ *swept, p *played) {
	back := consent(p.t, p.stderr.await(p.t, saysAuthorize))
	asked(p.t, http.MethodGet, regexp.MustCompile(`ac_[0-9a-f]+`).ReplaceAllString(back, forgedCode+"x")+"x", "", http.StatusBadRequest)
	asked(p.t, http.MethodGet, back, "", http.StatusOK)
}

// inBrowserRefused has the provider refuse the code, and tell it back.
func inBrowserRefused(s *swept, p *played) {
	back := consent(p.t, p.stderr.await(p.t, saysAuthorize))
	code := regexp.MustCompile(`ac_[0-9a-f]+`).FindString(back)
	s.provider.Behave(fakeprovider.Behaviour{Endpoint: "token", Status: 400, Body: `{"error":"invalid_grant","error_description":"code ` + code + ` is spent"}`})
	asked(p.t, http.MethodGet, back, "", http.StatusBadGateway)
}

// onAnotherDevice enters the code.
func onAnotherDevice(s *swept, p *played) {
	asked(p.t, http.MethodGet, s.url+"/device?as=three&user_code="+p.stderr.await(p.t, saysUserCode), "", http.StatusOK)
}

// byPasting pastes something else, and then the address.
func byPasting(_ *swept, p *played) {
	back := consent(p.t, p.stdout.await(p.t, saysAuthorize))
	p.shows("address:")
	p.types("http://127.0.0.1/auth/callback?code=" + forgedCode + "&state=x\n")
	p.shows("begin with the address above\naddress:")
	p.types(back + "\n")
}

// inTheMenu looks at everything in it, and logs "three" in.
func inTheMenu(_ *swept, p *played) {
	choose := func(what, then string) {
		p.types("/" + what)
		p.shows("/" + what)
		p.types("\r")
		p.shows(then)
	}
	p.shows("2 of 2 accounts usable")
	choose("quotas", "Quotas")
	p.types("\x1b")
	p.shows("Add an account")
	choose("two", "Change its label")
	p.types("\x1b")
	p.shows("Add an account")
	choose("sync", "Writes the active account")
	p.types("\x1b")
	p.shows("Add an account")
	choose("add an", "Log in at OpenAI")
	choose("openai", "By pasting back")
	choose("past", "address:")
	p.types(consent(p.t, p.stdout.await(p.t, saysAuthorize)) + "\n")
	p.shows("3 of 3 accounts usable")
	p.types("q")
}

// throughProxy is a program that shows good and bad secrets, wherever one can be shown, and meets a limit.
func throughProxy(s *swept, p *played) {
	address := p.stdout.await(p.t, saysListen)
	secret := strings.TrimSpace(s.next("proxy", "token", "add", "program"))
	end := time.Now().Add(patience) // the proxy looks at the file every 100 ms
	for status := http.StatusUnauthorized; status == http.StatusUnauthorized && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		req, err := http.NewRequest(http.MethodGet, address+"/nowhere", http.NoBody)
		if err != nil {
			p.t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+secret)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			p.t.Fatal(err)
		}
		_ = res.Body.Close()
		status = res.StatusCode
	}
	s.provider.Limit("two", time.Now().Add(time.Hour))
	s.asksProxy(p, address, secret)
	stopKyoli(p, syscall.SIGTERM)
}

// asksProxy asks it with good and bad secrets.
func (s *swept) asksProxy(p *played, address, secret string) {
	const path = "/openai/responses"
	asked(p.t, http.MethodPost, address+path, secret, http.StatusOK)
	asked(p.t, http.MethodPost, address+"/"+secret+path, "", http.StatusOK)
	asked(p.t, http.MethodPost, address+path+"?api_key="+secret, secret, http.StatusOK)
	asked(p.t, http.MethodPost, address+path, forgedSecret, http.StatusUnauthorized)
	asked(p.t, http.MethodPost, address+"/"+forgedSecret+path, "", http.StatusUnauthorized)
	asked(p.t, http.MethodPost, address+path+"?api_key="+forgedSecret, "", http.StatusUnauthorized)
	asked(p.t, http.MethodPost, address+"/openai/"+secret, secret, http.StatusNotFound)
	asked(p.t, http.MethodPost, address+"/"+secret+"/"+secret, "", http.StatusNotFound)
}

// throughChildsProxy uses the proxy that is there for one child, as the child could.
func throughChildsProxy(s *swept, p *played) {
	var env string
	for end := time.Now().Add(patience); !strings.Contains(env, "\nended"); time.Sleep(10 * time.Millisecond) {
		if env = s.read("env"); time.Now().After(end) {
			p.t.Fatal("the child does not begin")
		}
	}
	if err := os.Remove(s.path("env")); err != nil {
		p.t.Error(err)
	}
	secret := regexp.MustCompile(`(?m)^KYOLI_ACCESS_TOKEN=(kyr_.*)$`).FindStringSubmatch(env)
	address := saysListen.FindString(env)
	if secret == nil || address == "" {
		p.t.Fatalf("the child has no proxy: %s", env)
	}
	s.asksProxy(p, address, secret[1])
	s.write("go on", "")
}

// stopKyoli sends a signal to the kyoli that strace runs, and not to strace.
func stopKyoli(p *played, sig syscall.Signal) {
	p.t.Helper()
	strace := strconv.Itoa(p.cmd.Process.Pid)
	children, err := os.ReadFile("/proc/" + strace + "/task/" + strace + "/children")
	if err != nil {
		p.t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.Fields(string(children) + " 0")[0])
	if err != nil || pid == 0 {
		p.t.Fatalf("strace has the children %q", children)
	}
	if err := syscall.Kill(pid, sig); err != nil {
		p.t.Error(err)
	}
}
