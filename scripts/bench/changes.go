package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

// changeWithNode makes changes as the npm core does: a directory as lock, ten tries more with a back-off of 50 ms·n,
// read, change, temporary file, rename, no fsync. A change that gets no lock in that time fails, and is counted.
const changeWithNode = `
const fs = require('fs');
const [file, uuid, times] = process.argv.slice(1);
const sleep = ms => new Promise(r => setTimeout(r, ms));
async function lock() {
  for (let n = 0; ; n++) {
    try { fs.mkdirSync(file + '.lock'); return true; } catch (e) { if (e.code !== 'EEXIST') throw e; }
    if (n >= 10) return false;
    await sleep(50 * (n + 1));
  }
}
(async () => {
  let failed = 0;
  for (let i = 0; i < +times; i++) {
    if (!await lock()) { failed++; continue; }
    const f = JSON.parse(fs.readFileSync(file, 'utf8'));
    f.accounts.find(a => a.uuid === uuid).label = 'changed-' + i;
    const temp = file + '.' + process.pid + '.tmp';
    fs.writeFileSync(temp, JSON.stringify(f, null, 2), { mode: 0o600 });
    fs.renameSync(temp, file);
    fs.rmSync(file + '.lock', { recursive: true });
  }
  console.log(failed);
})();
`

// rewriteWithNode is the least that one change of a file costs a Node program.
const rewriteWithNode = `
const fs = require('fs');
JSON.stringify(JSON.parse(fs.readFileSync(process.argv[1], 'utf8')), null, 2);
`

// change is one process of kyoli's that changes an account again and again, with its locks, fsyncs and copies.
func change(file, uuid string, times int) error {
	f := store.Open(file, store.Options{})
	for i := range times {
		_, err := f.Update(context.Background(), func(a *store.Accounts) error {
			a.Get(uuid).Label = fmt.Sprint("changed-", i)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// changes compares processes that change one file at once, each its own account again and again.
func changes(dir string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	for _, c := range []struct{ processes, times int }{{16, 50}, {64, 20}} {
		name := fmt.Sprintf("%d x %d changes", c.processes, c.times)
		ours, failed, err := crowd(dir, c.processes, func(file, uuid string) (int, error) {
			out, err := exec.Command(self, "-change", uuid, "-times", strconv.Itoa(c.times), "-file", file).CombinedOutput()
			if err != nil {
				return 0, fmt.Errorf("%w: %s", err, out)
			}
			return 0, nil
		})
		if err != nil {
			return err
		}
		theirs, lost, err := crowd(dir, c.processes, func(file, uuid string) (int, error) {
			out, err := exec.Command("node", "-e", changeWithNode, file, uuid, strconv.Itoa(c.times)).Output()
			if err != nil {
				return 0, err
			}
			return strconv.Atoi(strings.TrimSpace(string(out)))
		})
		if err != nil {
			return err
		}
		fmt.Printf("%-34s %10s %10s %8.3f            failed: kyoli %d, node %d\n", name, ours.Round(time.Millisecond),
			theirs.Round(time.Millisecond), float64(ours)/float64(theirs), failed, lost)
	}
	return nil
}

// crowd runs a worker for each account of a new file, all at once. It returns how long they took and how often they
// failed.
func crowd(dir string, processes int, work func(file, uuid string) (int, error)) (time.Duration, int, error) {
	config, err := os.MkdirTemp(dir, "crowd-")
	if err != nil {
		return 0, 0, err
	}
	file := filepath.Join(config, "openai-multi-account-accounts.json")
	if err := writeAccounts(file, processes); err != nil {
		return 0, 0, err
	}
	var all sync.WaitGroup
	failed, errs := make([]int, processes), make([]error, processes)
	begun := time.Now()
	for i := range processes {
		all.Go(func() { failed[i], errs[i] = work(file, fmt.Sprintf("00000000-0000-4000-8000-%012d", i)) })
	}
	all.Wait()
	took, sum := time.Since(begun), 0
	for i := range processes {
		if errs[i] != nil {
			return 0, 0, errs[i]
		}
		sum += failed[i]
	}
	return took, sum, nil
}

// changeOne compares one change of a file with what a Node program does to it at least.
func changeOne(dir, kyoli string, accounts, runs int) error {
	config := filepath.Join(dir, fmt.Sprint(accounts))
	file := filepath.Join(config, "openai-multi-account-accounts.json")
	ours := program{args: []string{kyoli, "accounts", "toggle", "00000000-0000-4000-8000-000000000007", "--config-dir", config}, home: dir}
	node := program{args: []string{"node", "-e", rewriteWithNode, file}, home: dir}
	a, b, err := alternate(ours, node, runs)
	if err != nil {
		return err
	}
	row(fmt.Sprintf("one change, %d accounts", accounts), a, b)
	return nil
}
