// Command bench measures the built kyoli against Node programs that do the same
// reading, and kyoli proxy against its upstream called directly and through a proxy
// that does nothing but pass on, alternately, on one machine in one run. It prints
// latencies, ratios and memory; it judges nothing.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// readWithNode does what any Node program must do before it can list accounts.
const readWithNode = `
const fs = require('fs');
const f = JSON.parse(fs.readFileSync(process.argv[1], 'utf8'));
for (const a of f.accounts) console.log([a.label, a.email, a.planTier, a.enabled].join('\t'));
`

func main() {
	runs := flag.Int("runs", 41, "how often each program runs")
	only := flag.Bool("proxy", false, "measure kyoli proxy only")
	rate := flag.Int("rate", 300, "requests a second of the proxy's open loop")
	phase := flag.Duration("phase", 5*time.Second, "length of one of its phases")
	requests := flag.Int("requests", 100_000, "requests of its closed loops")
	storage := flag.Bool("storage", false, "leave the proxy out")
	play := flag.Bool("upstream", false, "be the upstream of the proxy's measurement")
	account := flag.String("change", "", "be a process that changes the account of this `uuid`")
	file := flag.String("file", "", "in this account file")
	times := flag.Int("times", 1, "so often")
	awake := flag.Bool("awake", false, "be what keeps processors awake until stdin ends")
	pass := flag.String("forward", "", "be the bare proxy of the measurement, to the upstream at this `URL`")
	flag.Parse()
	run := func() error { return bench(*runs, *only, *storage, *rate, *phase, *requests) }
	switch {
	case *account != "":
		run = func() error { return change(*file, *account, *times) }
	case *play:
		run = upstream
	case *awake:
		run = spin
	case *pass != "":
		run = func() error { return forward(*pass) }
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func bench(runs int, only, storage bool, rate int, phase time.Duration, requests int) error {
	dir, err := os.MkdirTemp("", "kyoli-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	kyoli := filepath.Join(dir, "kyoli")
	build := exec.Command("go", "build", "-o", kyoli, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as make build
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("building kyoli: %w", err)
	}
	if only {
		return proxyBench(dir, kyoli, rate, phase, requests)
	}
	fmt.Printf("%-34s %10s %10s %8s %10s\n", "", "kyoli", "node", "ratio", "kyoli RSS")
	for _, n := range []int{10, 1000, 10000} {
		if err := list(dir, kyoli, n, runs); err != nil {
			return err
		}
		if n > 10 {
			continue
		}
		// First: a program's largest resident set counts from before its exec, when it was this one.
		if err := execOverhead(dir, kyoli, runs); err != nil {
			return err
		}
	}
	if err := changeOne(dir, kyoli, 10000, runs); err != nil {
		return err
	}
	if err := changes(dir); err != nil {
		return err
	}
	for _, n := range []int{10, 1000, 10000} { // in this process, and so after all whose memory is measured
		if err := pick(dir, n, runs); err != nil {
			return err
		}
	}
	if storage {
		return nil
	}
	return proxyBench(dir, kyoli, rate, phase, requests)
}

// list compares `kyoli accounts list` with Node reading the same file.
func list(dir, kyoli string, accounts, runs int) error {
	config := filepath.Join(dir, fmt.Sprint(accounts))
	file := filepath.Join(config, "openai-multi-account-accounts.json")
	if err := writeAccounts(file, accounts); err != nil {
		return err
	}
	ours := program{args: []string{kyoli, "accounts", "list", "--config-dir", config}, home: dir}
	node := program{args: []string{"node", "-e", readWithNode, file}, home: dir}
	a, b, err := alternate(ours, node, runs)
	if err != nil {
		return err
	}
	row(fmt.Sprintf("accounts list, %d accounts", accounts), a, b)
	return nil
}

// execOverhead compares `kyoli exec -- true` with `true`.
func execOverhead(dir, kyoli string, runs int) error {
	config := filepath.Join(dir, "10")
	ours := program{args: []string{kyoli, "exec", "--config-dir", config, "--", "true"}, home: dir}
	bare := program{args: []string{"true"}, home: dir}
	a, b, err := alternate(ours, bare, runs)
	if err != nil {
		return err
	}
	fmt.Printf("%-34s %10s %10s %8s %7d KiB   (the right column is the child alone)\n", "exec -- true",
		a.wall.Round(10*time.Microsecond), b.wall.Round(10*time.Microsecond), "", a.rssKiB)
	return nil
}

func row(name string, a, b figure) {
	fmt.Printf("%-34s %10s %10s %8.3f %7d KiB\n", name,
		a.wall.Round(10*time.Microsecond), b.wall.Round(10*time.Microsecond),
		float64(a.wall)/float64(b.wall), a.rssKiB)
}

type program struct {
	args []string
	home string
}

// figure is the median wall time and the largest resident set of a program.
type figure struct {
	wall   time.Duration
	rssKiB int64
}

// alternate runs two programs in turn, so that what else the machine does
// falls on both alike.
func alternate(a, b program, runs int) (figure, figure, error) {
	var as, bs []time.Duration
	var fa, fb figure
	for range runs {
		for _, p := range []struct {
			program
			times *[]time.Duration
			f     *figure
		}{{a, &as, &fa}, {b, &bs, &fb}} {
			wall, rss, err := p.run()
			if err != nil {
				return figure{}, figure{}, err
			}
			*p.times = append(*p.times, wall)
			p.f.rssKiB = max(p.f.rssKiB, rss)
		}
	}
	fa.wall, fb.wall = median(as), median(bs)
	return fa, fb, nil
}

func (p program) run() (time.Duration, int64, error) {
	cmd := exec.Command(p.args[0], p.args[1:]...)
	cmd.Env = append(os.Environ(), "HOME="+p.home, "XDG_STATE_HOME="+filepath.Join(p.home, "state"), "XDG_DATA_HOME="+p.home)
	start := time.Now()
	out, err := cmd.CombinedOutput()
	wall := time.Since(start)
	if err != nil {
		return 0, 0, fmt.Errorf("%s: %w: %s", p.args[0], err, out)
	}
	return wall, maxRSS(cmd.ProcessState), nil
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

// accessToken is about as long as real ones are.
func accessToken(i int) string { return fmt.Sprintf("at-%0512d", i) }

func writeAccounts(file string, n int) error {
	now := time.Now().UnixMilli()
	accounts := make([]map[string]any, n)
	for i := range accounts {
		accounts[i] = map[string]any{
			"uuid":         fmt.Sprintf("00000000-0000-4000-8000-%012d", i),
			"label":        fmt.Sprintf("seat-%d", i),
			"email":        fmt.Sprintf("seat-%d@example.com", i),
			"planTier":     "pro",
			"refreshToken": fmt.Sprintf("rt-%064d", i),
			"accessToken":  accessToken(i),
			"expiresAt":    now + 8*3_600_000, "addedAt": now, "lastUsed": now,
			"enabled": true, "consecutiveAuthFailures": 0, "isAuthDisabled": false,
			"cachedUsage": map[string]any{
				"five_hour": map[string]any{"utilization": i % 90, "resets_at": time.Now().Add(time.Hour).UTC().Format(time.RFC3339)},
				"seven_day": map[string]any{"utilization": i % 70, "resets_at": time.Now().Add(80 * time.Hour).UTC().Format(time.RFC3339)},
			},
			"cachedUsageAt": now,
		}
	}
	b, err := json.MarshalIndent(map[string]any{
		"version": 1, "accounts": accounts, "activeAccountUuid": accounts[0]["uuid"],
	}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	return os.WriteFile(file, b, 0o600)
}
