package manager

// StrategyRoundRobin takes the accounts in turn.
const StrategyRoundRobin = "round-robin"

// roundRobin: from the cursor on, usable and unclaimed first, then usable, then not rate-limited.
// The cursor is kept with the claims and so outlives the process.
type roundRobin struct{}

func init() { register(roundRobin{}) }

// Name implements [Strategy].
func (roundRobin) Name() string { return StrategyRoundRobin }

// Choose implements [Strategy].
func (roundRobin) Choose(p *Pool) Choice {
	turn := fromCursor(p)
	for _, step := range []struct {
		fits func(*Member) bool
		why  string
	}{
		{(*Member).free, "its turn among those that nobody holds"},
		{(*Member).Usable, "its turn; all usable accounts are held"},
	} {
		if m := turn.first(step.fits); m != nil {
			return Choice{Member: m, Why: step.why, Others: "its turn comes later", Advance: true}
		}
	}
	c := turn.lastResort()
	c.Advance = true
	return c
}

// fromCursor is the pool in the order of turns: it begins after the account given out last.
func fromCursor(p *Pool) *Pool {
	turn := &Pool{}
	for _, m := range p.Members {
		if m.Index > p.Last {
			turn.Members = append(turn.Members, m)
		}
	}
	for _, m := range p.Members {
		if m.Index <= p.Last {
			turn.Members = append(turn.Members, m)
		}
	}
	return turn
}
