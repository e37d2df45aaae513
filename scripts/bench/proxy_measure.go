package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// spread are latencies.
type spread []time.Duration

func (s spread) at(q float64) time.Duration {
	slices.Sort(s)
	return s[min(len(s)-1, int(q*float64(len(s))))]
}

func compare(name string, direct, through spread) {
	for _, q := range []float64{0.5, 0.99} {
		a, b := direct.at(q), through.at(q)
		fmt.Printf("%-52s %12s %12s %12s\n", fmt.Sprintf("%s, p%.0f", name, q*100), round(a), round(b), round(b-a))
	}
}

func round(d time.Duration) time.Duration { return d.Round(time.Microsecond) }

// openLoop sends at a fixed rate, whatever the answers do, in phases that take
// turns between the lanes.
func openLoop(direct, through lane, rate int, phase time.Duration) error {
	times := map[string]spread{}
	var mu sync.Mutex
	var failed error
	const rounds = 4
	for round := range 2*rounds + 2 {
		l := []lane{direct, through}[round%2]
		var all sync.WaitGroup
		start := time.Now()
		for i := range int(phase.Seconds() * float64(rate)) {
			time.Sleep(time.Until(start.Add(time.Duration(i) * time.Second / time.Duration(rate))))
			all.Go(func() {
				_, whole, err := l.call(i, "json")
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					failed = err
				}
				if round > 1 { // the first ones open connections
					times[l.name] = append(times[l.name], whole)
				}
			})
		}
		all.Wait()
	}
	compare(fmt.Sprintf("%d requests/s, open loop", rate), times["direct"], times["proxy"])
	return failed
}

// firstEvent measures when the first byte of a stream comes, in turn.
func firstEvent(direct, through lane, n int) error {
	times := map[string]spread{}
	for i := range 2 * n {
		l := []lane{direct, through}[i%2]
		first, _, err := l.call(i, "sse")
		if err != nil {
			return err
		}
		times[l.name] = append(times[l.name], first)
	}
	compare("first byte of a stream", times["direct"], times["proxy"])
	return nil
}

// saturate keeps 64 connections busy and compares the CPU time of a request, that
// of client and upstream included.
func saturate(direct, through lane, up, px *server, n int) error {
	var perRequest [2]float64
	for i, l := range []lane{direct, through} {
		before := cpu(os.Getpid()) + cpu(up.cmd.Process.Pid) + cpu(px.cmd.Process.Pid)
		start := time.Now()
		if err := closedLoop(l, n); err != nil {
			return err
		}
		took := time.Since(start)
		used := cpu(os.Getpid()) + cpu(up.cmd.Process.Pid) + cpu(px.cmd.Process.Pid) - before
		perRequest[i] = used.Seconds() / float64(n) * 1e6
		fmt.Printf("%-52s %10.0f/s\n", "64 connections, "+l.name, float64(n)/took.Seconds())
	}
	fmt.Printf("%-52s %9.1f µs %9.1f µs %11.2f×\n", "CPU time a request, all processes", perRequest[0], perRequest[1], perRequest[1]/perRequest[0])
	return nil
}

func closedLoop(l lane, n int) error {
	var next atomic.Int64
	var failed atomic.Value
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			for i := int(next.Add(1)); i <= n; i = int(next.Add(1)) {
				if _, _, err := l.call(i, "json"); err != nil {
					failed.Store(err)
					return
				}
			}
		})
	}
	all.Wait()
	err, _ := failed.Load().(error)
	return err
}

// growth looks at the proxy's memory and at its writes after many requests.
func growth(l lane, px *server, n int) error {
	pid := px.cmd.Process.Pid
	before, old := resident(pid), version(px.files)
	start := time.Now()
	if err := closedLoop(l, n); err != nil {
		return err
	}
	writes := 0
	if version(px.files) != old {
		writes = 1
	}
	fmt.Printf("%-52s %8d KiB %8d KiB   (accounts written: %d in %s)\n", fmt.Sprintf("resident before and after %d requests", n),
		before, resident(pid), writes, time.Since(start).Round(time.Second))
	return nil
}

// version changes when a file is replaced.
func version(file string) string {
	info, err := os.Stat(file)
	if err != nil {
		return err.Error()
	}
	return info.ModTime().String()
}

// manyStreams holds streams open that are past their first output.
func manyStreams(l lane, px *server, n int) error {
	pid := px.cmd.Process.Pid
	before := resident(pid)
	var open []io.Closer
	defer func() {
		for _, body := range open {
			_ = body.Close()
		}
	}()
	for i := range n {
		req, err := http.NewRequest(http.MethodPost, l.url, strings.NewReader(small(i)))
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+l.token)
		req.Header.Set("X-Bench", "hold")
		res, err := client.Do(req) //nolint:bodyclose // they stay open until the end
		if err != nil {
			return err
		}
		open = append(open, res.Body)
		var one [1]byte
		if _, err := io.ReadFull(res.Body, one[:]); err != nil {
			return err
		}
	}
	fmt.Printf("%-52s %8d KiB %8d KiB\n", fmt.Sprintf("resident before and with %d open streams", n), before, resident(pid))
	return nil
}
