package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

// callAPI is a child of `kyoli exec`: it calls the provider with the token from
// its environment, as any program would, and prints the answer.
func callAPI() {
	base := os.Getenv("KYOLI_BASE_URL")
	if base == "" {
		base = os.Getenv("PROVIDER") + "/codex"
	}
	req, err := http.NewRequest(http.MethodPost, base+"/responses", strings.NewReader(`{"model":"m","input":"hello"}`))
	if err != nil {
		fail(err)
	}
	req.Header.Set("Authorization", "Bearer "+os.Getenv("KYOLI_ACCESS_TOKEN"))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		fail(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		fail(err)
	}
	text := regexp.MustCompile(`"delta":"([^"]*)"`).FindSubmatch(body)
	if res.StatusCode != http.StatusOK || text == nil {
		fail(fmt.Errorf("%s: %s", res.Status, body))
	}
	fmt.Println(string(text[1]))
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, filepath.Base(os.Args[0])+":", err)
	os.Exit(1)
}

// registry holds the providers of scripts that run side by side.
type registry struct {
	mu sync.Mutex
	m  map[string]*running
}

func newRegistry() *registry { return &registry{m: map[string]*running{}} }

func (r *registry) put(work string, p *running) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.m[work] = p
}

func (r *registry) get(work string) *running {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.m[work]
}
