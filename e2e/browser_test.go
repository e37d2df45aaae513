package e2e_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
)

// browse runs a command that logs in, and is the person's browser: it opens the
// URL that the command prints on stderr, and goes on as the steps say, separated
// by commas. What it sees goes to stdout, a line each.
//
//	browse STEPS CMD [ARG…]
//
//	as:ID    log in as ID and let the browser come back     forge  come back with another state
//	deny     say no, and let the browser come back          path   come back to another path
//	again    come back once more                            twice  come back with a code too many
//	error    come back with an error and no state           post   come back by POST
//	key:N    type N (user code: key:code) at the page
func browse() {
	steps, args := strings.Split(os.Args[1], ","), os.Args[2:]
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout = os.Stdin, os.Stdout
	stderr, err := cmd.StderrPipe()
	if err != nil {
		fail(err)
	}
	if err := cmd.Start(); err != nil {
		fail(err)
	}
	b := &webBrowser{}
	lines := bufio.NewReader(stderr)
	for b.start == "" {
		line, err := lines.ReadString('\n')
		fmt.Fprint(os.Stderr, line)
		if err != nil {
			break
		}
		b.start = anyURL.FindString(line)
	}
	copied := make(chan struct{})
	go func() {
		defer close(copied)
		_, _ = io.Copy(os.Stderr, lines)
	}()
	if b.start != "" {
		for _, step := range steps {
			b.step(step)
		}
	}
	<-copied
	if err := cmd.Wait(); err != nil {
		os.Exit(cmd.ProcessState.ExitCode())
	}
}

var (
	anyURL  = regexp.MustCompile(`https?://\S+`)
	heading = regexp.MustCompile(`<h1>(.*?)</h1>`)
)

type webBrowser struct {
	start string // what the command printed
	last  string // where the login sent the browser last
}

func (b *webBrowser) step(step string) {
	name, value, _ := strings.Cut(step, ":")
	switch name {
	case "as":
		b.last = b.authorize(value)
		b.visit(step, b.last)
	case "deny":
		b.last = b.authorize("deny")
		b.visit(step, b.last)
	case "again":
		b.visit(step, b.last)
	case "forge":
		b.visit(step, b.callback("code=x&state=forged"))
	case "error":
		b.visit(step, b.callback("error=access_denied"))
	case "twice":
		b.visit(step, b.callback("code=x&code=y&state="+b.query("state")))
	case "path":
		b.visit(step, strings.Replace(b.callback("code=x&state="+b.query("state")), "?", "/elsewhere?", 1))
	case "post":
		res, err := http.Post(b.callback("code=x&state="+b.query("state")), "", nil)
		b.saw(step, res, err)
	default:
		fail(fmt.Errorf("unknown step %q", step))
	}
}

// query is a parameter of the page that the command printed.
func (b *webBrowser) query(name string) string {
	u, err := url.Parse(b.start)
	if err != nil {
		fail(err)
	}
	return u.Query().Get(name)
}

func (b *webBrowser) callback(query string) string { return b.query("redirect_uri") + "?" + query }

// authorize says yes or no at the provider, and returns where it sends the browser.
func (b *webBrowser) authorize(as string) string {
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Get(b.start + "&as=" + as)
	if err != nil {
		fail(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusFound {
		text, _ := io.ReadAll(res.Body)
		fail(fmt.Errorf("authorize: %s: %s", res.Status, text))
	}
	return res.Header.Get("Location")
}

func (b *webBrowser) visit(step, address string) {
	res, err := http.Get(address)
	b.saw(step, res, err)
}

func (b *webBrowser) saw(step string, res *http.Response, err error) {
	if err != nil {
		fmt.Printf("browser %s: nobody answers\n", step)
		return
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	title := ""
	if m := heading.FindSubmatch(text); m != nil {
		title = string(m[1])
	}
	fmt.Printf("browser %s: %d %s\n", step, res.StatusCode, title)
}
