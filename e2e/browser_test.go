package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
)

// browse runs a command that logs in, and is the person's browser: it opens the
// URL that the command prints on stderr, and goes on as the steps say, separated
// by commas. What the browser sees goes to stdout, a line each. With -t before
// the steps the command has a terminal (Linux and macOS), whose output comes to
// stderr.
//
//	browse [-t] STEPS CMD [ARG…]
//
//	as:ID    log in as ID and let the browser come back     forge  come back with another state
//	deny     say no, and let the browser come back          path   come back to another path
//	again    come back once more                            twice  come back with a code too many
//	error    come back with an error and no state           post   come back by POST
//	enter:ID enter the code of a device's login as ID       none   do nothing
//	paste:ID log in as ID, and paste the address at which the browser ends
//	short:ID the same as code#state                         type:T type T at the prompt
//	signal   send the command SIGINT                        kill   send it SIGKILL
//	eof      type Ctrl-D at the prompt
//	quick:ID as as:ID, without waiting for the page         profile  wait until the profile is asked for
func browse() {
	args := os.Args[1:]
	terminal := args[0] == "-t"
	if terminal {
		args = args[1:]
	}
	cmd := exec.Command(args[1], args[2:]...)
	b := &webBrowser{cmd: cmd}
	b.more = sync.NewCond(&b.mu)
	output, err := b.startCommand(terminal)
	if err != nil {
		fail(err)
	}
	copied := make(chan struct{})
	go func() {
		defer close(copied)
		_, _ = io.Copy(b, output) // a terminal ends with an error
	}()
	if b.start = b.await(anyURL); b.start != "" {
		for _, step := range strings.Split(args[0], ",") {
			b.step(step)
		}
	}
	<-copied
	if err := cmd.Wait(); err != nil {
		os.Exit(max(1, cmd.ProcessState.ExitCode())) // died of a signal: 1
	}
}

var (
	anyURL  = regexp.MustCompile(`https?://\S+\s`)
	anyCode = regexp.MustCompile(`\b[0-9A-F]{4}-[0-9A-F]{4}\b`)
	prompt  = regexp.MustCompile(`address: `)
	heading = regexp.MustCompile(`<h1>(.*?)</h1>`)
)

type webBrowser struct {
	cmd   *exec.Cmd
	keys  io.Writer // of the command's terminal
	start string    // what the command printed
	last  string    // where the login sent the browser last

	mu    sync.Mutex
	more  *sync.Cond
	text  string // what the command has said and nobody awaited
	ended bool
}

func (b *webBrowser) startCommand(terminal bool) (io.Reader, error) {
	if terminal {
		tty, err := startOnTerminal(b.cmd)
		b.keys = tty
		return ending{tty, b}, err
	}
	b.cmd.Stdin, b.cmd.Stdout = os.Stdin, os.Stdout
	output, err := b.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	return ending{output, b}, b.cmd.Start()
}

// ending says when there is no more to read.
type ending struct {
	io.Reader
	b *webBrowser
}

func (e ending) Read(p []byte) (int, error) {
	n, err := e.Reader.Read(p)
	if err != nil {
		e.b.mu.Lock()
		defer e.b.mu.Unlock()
		e.b.ended = true
		e.b.more.Broadcast()
	}
	return n, err
}

// Write takes what the command says.
func (b *webBrowser) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text += string(p)
	b.more.Broadcast()
	return os.Stderr.Write(p)
}

// await waits for something that the command says; "" = it has ended without.
func (b *webBrowser) await(what *regexp.Regexp) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		if at := what.FindStringIndex(b.text); at != nil {
			found := b.text[at[0]:at[1]]
			b.text = b.text[at[1]:]
			return strings.TrimSpace(found)
		}
		if b.ended {
			return ""
		}
		b.more.Wait()
	}
}

func (b *webBrowser) step(step string) {
	name, value, _ := strings.Cut(step, ":")
	switch name {
	case "none":
	case "as":
		b.last = b.authorize(value)
		b.visit(step, b.last)
	case "deny":
		b.last = b.authorize("deny")
		b.visit(step, b.last)
	case "enter":
		b.visit(step, b.start+"?user_code="+b.await(anyCode)+"&as="+value)
	case "again":
		b.visit(step, b.last)
	case "forge":
		b.visit(step, b.callback("code=x&state=forged"))
	case "error":
		b.visit(step, b.callback("error=access_denied"))
	case "twice":
		b.visit(step, b.callback("code=x&code=y&state="+query(b.start, "state")))
	case "path":
		b.visit(step, strings.Replace(b.callback("code=x&state="+query(b.start, "state")), "?", "/elsewhere?", 1))
	case "post":
		res, err := http.Post(b.callback("code=x&state="+query(b.start, "state")), "", nil)
		b.saw(step, res, err)
	case "paste":
		b.typeLine(b.authorize(value))
	case "short":
		address := b.authorize(value)
		b.typeLine(query(address, "code") + "#" + query(address, "state"))
	case "type":
		b.typeLine(value)
	case "eof":
		b.answer("\x04")
	case "quick":
		go func(address string) {
			if res, err := http.Get(address); err == nil {
				_ = res.Body.Close()
			}
		}(b.authorize(value))
	case "profile":
		b.awaitRequest("profile")
	case "kill":
		if err := b.cmd.Process.Kill(); err != nil {
			fail(err)
		}
	case "signal":
		if err := b.cmd.Process.Signal(os.Interrupt); err != nil {
			fail(err)
		}
	default:
		fail(fmt.Errorf("unknown step %q", step))
	}
}

// awaitRequest waits until the provider has a request that it has not answered.
func (b *webBrowser) awaitRequest(endpoint string) {
	u, err := url.Parse(b.start)
	if err != nil {
		fail(err)
	}
	res, err := http.Get("http://" + u.Host + "/_await?endpoint=" + endpoint)
	if err != nil {
		fail(err)
	}
	_ = res.Body.Close()
}

func (b *webBrowser) typeLine(text string) { b.answer(text + "\n") }

func (b *webBrowser) answer(keys string) {
	b.await(prompt)
	if _, err := io.WriteString(b.keys, keys); err != nil {
		fail(err)
	}
}

// query is a parameter of an address.
func query(address, name string) string {
	u, err := url.Parse(address)
	if err != nil {
		fail(err)
	}
	return u.Query().Get(name)
}

func (b *webBrowser) callback(rest string) string { return query(b.start, "redirect_uri") + "?" + rest }

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
