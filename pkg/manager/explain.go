package manager

import (
	"fmt"
	"slices"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

// candidates tell of every account why it was chosen from a group or passed over.
func (s *Snapshot) candidates(members []*Member, c Choice, g Group, req Request) []Candidate {
	list := make([]Candidate, 0, len(members))
	for _, mb := range members {
		out := Candidate{
			Account: mb.Account, Status: mb.Status, Usable: mb.Usable(), Active: mb.Active,
			Claims: mb.Claims, Score: mb.Score, Chosen: mb == c.Member, Why: c.Why,
		}
		if !out.Chosen {
			out.Why = s.passedOver(mb, c, g, req)
		}
		list = append(list, out)
	}
	return list
}

// passedOver says why an account was not chosen.
func (s *Snapshot) passedOver(mb *Member, c Choice, g Group, req Request) string {
	switch {
	case !req.Among.has(mb.Account):
		return "not in " + req.Among.Kind + " " + req.Among.Name
	case slices.Contains(req.Exclude, mb.Account.UUID):
		return "tried already"
	}
	if why := s.unusable(mb.Account); why != "" {
		return why
	}
	switch {
	case mb.Taken:
		return "held by another session, and one of the two wants it for itself alone"
	case req.Among != nil && !g.has(mb.Account):
		return "pool " + g.Pool + " comes first"
	case c.Member != nil && mb.Claims > 0 && c.Member.Claims < mb.Claims:
		return fmt.Sprintf("held by %d, the chosen one by %d", mb.Claims, c.Member.Claims)
	}
	return c.Others
}

// unusable says why an account cannot be chosen now, empty where it can.
func (s *Snapshot) unusable(a *store.Account) string {
	switch s.Status(a) {
	case StatusDisabled:
		return "disabled"
	case StatusAuthDisabled:
		if a.AuthDisabledReason != "" {
			return "needs a new login: " + a.AuthDisabledReason
		}
		return "needs a new login"
	case StatusRateLimited:
		return "rate-limited until " + LimitedUntil(a, s.At).UTC().Format(time.RFC3339)
	case StatusCoolingDown:
		return fmt.Sprintf("answered 429 %.0f s ago", s.At.Sub(s.Claims.Last429(a.UUID)).Seconds())
	case StatusOverQuota:
		return fmt.Sprintf("%.0f %% used, the soft quota is %.0f %%",
			utilization(a.CachedUsage, s.At), s.settings.SoftQuotaThresholdPercent)
	case StatusExpired, StatusReady:
	}
	return ""
}
