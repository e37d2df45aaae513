package executor

import (
	"sync"
	"time"
)

const (
	// triedFor is how long an account that failed a prompt is left out of it.
	triedFor = 5 * time.Minute
	// promptsMost is how many prompts are remembered; the oldest go first.
	promptsMost = 1000
)

// prompts remembers for each prompt the accounts that failed it. A prompt makes many requests, one for
// each call of a tool, and the next one need not find out again what the last one did.
type prompts struct {
	mu sync.Mutex
	m  map[string]map[string]time.Time // prompt, then uuid: when it failed
}

// tried are the accounts that failed the prompt a while ago at most; the clock is asked only where
// there are any.
func (p *prompts) tried(prompt string, now func() time.Time) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var uuids []string
	for uuid, at := range p.m[prompt] {
		if now().Sub(at) < triedFor {
			uuids = append(uuids, uuid)
		}
	}
	return uuids
}

// failed remembers an account that failed the prompt.
func (p *prompts) failed(prompt, uuid string, now time.Time) {
	if prompt == "" {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.m == nil {
		p.m = map[string]map[string]time.Time{}
	}
	if p.m[prompt] == nil {
		p.makeRoom(now)
		p.m[prompt] = map[string]time.Time{}
	}
	p.m[prompt][uuid] = now
}

// makeRoom drops prompts that are over, and else the one that has been quiet for longest. The caller
// holds mu.
func (p *prompts) makeRoom(now time.Time) {
	quietest, since := "", now
	for prompt, uuids := range p.m {
		var last time.Time
		for _, at := range uuids {
			if at.After(last) {
				last = at
			}
		}
		if now.Sub(last) >= triedFor {
			delete(p.m, prompt)
		} else if !last.After(since) {
			quietest, since = prompt, last
		}
	}
	if len(p.m) >= promptsMost {
		delete(p.m, quietest)
	}
}

// forget begins a prompt anew.
func (p *prompts) forget(prompt string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.m, prompt)
}
