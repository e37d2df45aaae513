package manager

import "fmt"

// StrategyHybrid takes the account with the highest score.
const StrategyHybrid = "hybrid"

// switchMargin is the lead that it takes to leave the active account.
const switchMargin = 40

// hybrid: the highest score (see [Score]), but leaves the active account only for a lead above the
// margin. Where no account is usable, it chooses among those that are not rate-limited.
type hybrid struct{}

func init() { register(hybrid{}) }

// Name implements [Strategy].
func (hybrid) Name() string { return StrategyHybrid }

// Choose implements [Strategy].
func (hybrid) Choose(p *Pool) Choice {
	if best := p.best((*Member).Usable); best != nil {
		return p.orStay(best, (*Member).Usable)
	}
	best := p.best((*Member).notLimited)
	if best == nil {
		return Choice{}
	}
	c := p.orStay(best, (*Member).notLimited)
	c.Why = "no usable account is left; among those not rate-limited, " + c.Why
	return c
}

// best returns the member with the highest score; of equals the one with fewer holders, then the
// first.
func (p *Pool) best(fits func(*Member) bool) *Member {
	var best *Member
	for _, m := range p.Members {
		if !fits(m) {
			continue
		}
		if best == nil || m.Score.Total > best.Score.Total ||
			m.Score.Total == best.Score.Total && m.Claims < best.Claims {
			best = m
		}
	}
	return best
}

// orStay chooses best, or the active account where best leads it by no more than the margin.
func (p *Pool) orStay(best *Member, fits func(*Member) bool) Choice {
	a := p.active()
	if a == nil || a == best || !fits(a) {
		return Choice{Member: best, Why: fmt.Sprintf("the highest score, %.1f", best.Score.Total), Others: "has a lower score"}
	}
	lead := best.Score.Total - a.Score.Total
	if lead <= switchMargin {
		return Choice{
			Member: a, Why: fmt.Sprintf("the active account; no other leads by more than %d", switchMargin),
			Others: fmt.Sprintf("does not lead the active account by more than %d", switchMargin),
		}
	}
	return Choice{
		Member: best, Why: fmt.Sprintf("leads the active account by %.1f", lead),
		Others: "has a lower score",
	}
}
