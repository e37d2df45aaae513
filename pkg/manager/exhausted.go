package manager

import (
	"sync"
	"time"
)

// exhaustedFor is how long an account that was found exhausted is left out of plans, whatever its limit says: as long
// as in the npm core.
const exhaustedFor = 5 * time.Minute

// Exhausted remembers which accounts a process has found exhausted. The zero value is empty. It is safe for
// concurrent use.
type Exhausted struct {
	mu sync.Mutex
	at map[string]time.Time
}

// Mark says that the account was found exhausted now.
func (e *Exhausted) Mark(uuid string, now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.at == nil {
		e.at = map[string]time.Time{}
	}
	for other, at := range e.at {
		if now.Sub(at).Abs() >= exhaustedFor {
			delete(e.at, other)
		}
	}
	e.at[uuid] = now
}

// Clear says that the account was answered well.
func (e *Exhausted) Clear(uuid string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.at, uuid)
}

// Until is when the account counts again; the zero time = now. A nil e remembers nothing.
func (e *Exhausted) Until(uuid string, now time.Time) time.Time {
	if e == nil {
		return time.Time{}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	at, ok := e.at[uuid]
	if !ok || now.Sub(at).Abs() >= exhaustedFor { // the clock may have been set back since
		return time.Time{}
	}
	return at.Add(exhaustedFor)
}
