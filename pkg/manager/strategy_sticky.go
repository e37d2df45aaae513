package manager

// StrategySticky stays with one account for as long as it can. It is the default.
const StrategySticky = "sticky"

// sticky: the account that the session is bound to; else the active account, unless another process
// holds it (the npm core piles everyone onto it); else the first usable one that nobody holds; else
// the least-claimed usable one; else the first that is not rate-limited.
type sticky struct{}

func init() { register(sticky{}) }

// Name implements [Strategy].
func (sticky) Name() string { return StrategySticky }

// Choose implements [Strategy].
func (sticky) Choose(p *Pool) Choice {
	c := sticky{}.choose(p)
	c.Bind = true
	return c
}

func (sticky) choose(p *Pool) Choice {
	if p.Bound != nil && p.Bound.Usable() {
		return Choice{Member: p.Bound, Why: "bound to this session", Others: "the session is bound to another"}
	}
	if a := p.active(); a != nil && a.free() {
		return Choice{Member: a, Why: "the active account", Others: "the active account comes first"}
	}
	if m := p.first((*Member).free); m != nil {
		return Choice{Member: m, Why: "the first usable account that nobody holds", Others: "comes later in the file"}
	}
	if m := p.leastClaimed(); m != nil {
		return Choice{Member: m, Why: "the usable account with the fewest holders", Others: "has as many holders and comes later in the file"}
	}
	return p.lastResort()
}
