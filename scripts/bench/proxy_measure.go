package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
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

// compare prints a quantile of each lane, and what the proxies add to it.
func compare(name string, times [3]spread) {
	for _, q := range []float64{0.5, 0.99} {
		direct, bare, kyoli := times[0].at(q), times[1].at(q), times[2].at(q)
		fmt.Printf("%-44s %11s %11s %11s %11s %11s\n", fmt.Sprintf("%s, p%.0f", name, q*100),
			round(direct), round(bare), round(kyoli), round(bare-direct), round(kyoli-direct))
	}
}

func round(d time.Duration) time.Duration { return d.Round(time.Microsecond) }

// openLoop sends at a fixed rate, whatever the answers do, for four phases of each
// lane. The lanes take turns that are short, so that what else the machine does falls
// on all alike, and the client collects its garbage between them only. How is what is
// special about it, for the row's name.
func (w *world) openLoop(rate int, phase time.Duration, how string) error {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	var times [3]spread
	const rounds = 4 * turns
	for round := range rounds + 1 {
		for which, l := range w.lanes {
			runtime.GC()
			got, err := l.atRate(rate, int(phase.Seconds()*float64(rate))/turns)
			if err != nil {
				return err
			}
			if round > 0 { // the first one opens connections
				times[which] = append(times[which], got...)
			}
		}
	}
	compare(fmt.Sprintf("%d requests/s, open loop%s", rate, how), times)
	return nil
}

// turns is how many times the lanes take turns in a phase.
const turns = 5

// atRate sends n requests, and returns how long each took.
func (l lane) atRate(rate, n int) (spread, error) {
	times, errs := make(spread, n), make([]error, n)
	var all sync.WaitGroup
	start := time.Now()
	for i := range n {
		time.Sleep(time.Until(start.Add(time.Duration(i) * time.Second / time.Duration(rate))))
		all.Go(func() { _, times[i], errs[i] = l.call(i, "json") })
	}
	all.Wait()
	return times, errors.Join(errs...)
}

// firstEvent measures when the first byte of a stream comes, in turn.
func (w *world) firstEvent(n int) error {
	var times [3]spread
	for i := range n {
		for which, l := range w.lanes {
			first, _, err := l.call(i, "sse")
			if err != nil {
				return err
			}
			times[which] = append(times[which], first)
		}
	}
	compare("first byte of a stream", times)
	return nil
}

// saturate keeps 64 connections busy, in turn, and compares the CPU time of a
// request, that of client and upstream included.
func (w *world) saturate(n int) error {
	const rounds = 10
	var used, took [3]time.Duration
	for round := range rounds + 1 {
		for which, l := range w.lanes {
			before, start := w.cpu(), time.Now()
			if err := closedLoop(l, n/rounds); err != nil {
				return err
			}
			if round > 0 { // the first one opens connections
				used[which] += w.cpu() - before
				took[which] += time.Since(start)
			}
		}
	}
	var rate, cost [3]float64
	for which := range w.lanes {
		rate[which] = float64(n) / took[which].Seconds()
		cost[which] = used[which].Seconds() / float64(n) * 1e6
	}
	fmt.Printf("%-44s %9.0f/s %9.0f/s %9.0f/s\n", "64 connections", rate[0], rate[1], rate[2])
	fmt.Printf("%-44s %8.1f µs %8.1f µs %8.1f µs %10.2f× %10.2f×\n", "CPU time a request, all processes",
		cost[0], cost[1], cost[2], cost[1]/cost[0], cost[2]/cost[0])
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
func (w *world) growth(n int) error {
	px, pid := w.kyoli, w.kyoli.cmd.Process.Pid
	before, old := resident(pid), version(px.files)
	start := time.Now()
	if err := closedLoop(w.lanes[2], n); err != nil {
		return err
	}
	writes := 0
	if version(px.files) != old {
		writes = 1
	}
	fmt.Printf("%-44s %7d KiB %7d KiB   (accounts written: %d in %s)\n", fmt.Sprintf("resident before and after %d requests", n),
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
func (w *world) manyStreams(n int) error {
	l, pid := w.lanes[2], w.kyoli.cmd.Process.Pid
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
	fmt.Printf("%-44s %7d KiB %7d KiB\n", fmt.Sprintf("resident before and with %d open streams", n), before, resident(pid))
	return nil
}
