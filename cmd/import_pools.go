package cmd

import (
	"context"
	"slices"

	"github.com/kyoli-gam/kyoli/pkg/manager/pools"
)

// takePools takes pools and chains over, those whose names are not taken here.
// Members are followed to the uuids that the accounts have here.
func (im *importer) takePools(ctx context.Context, from *pools.Config) error {
	file, err := im.f.ownPools()
	if err != nil {
		return err
	}
	var rows []importRow
	take := func(c *pools.Config) error {
		rows = nil
		for _, p := range from.Pools {
			if im.f.opts.Provider == "" || p.BaseProvider == im.f.opts.Provider {
				rows = append(rows, im.takePool(c, p, from.Path()))
			}
		}
		for _, ch := range from.Chains {
			if im.f.opts.Provider == "" { // a chain may have pools of several
				rows = append(rows, takeChain(c, ch, from.Path()))
			}
		}
		return nil
	}
	if im.o.DryRun {
		c, err := file.Load(ctx)
		if err == nil {
			err = take(c)
		}
		im.more = append(im.more, rows...)
		return err
	}
	_, err = file.Update(ctx, take)
	im.more = append(im.more, rows...)
	return err
}

func (im *importer) takePool(c *pools.Config, p *pools.Pool, source string) importRow {
	row := importRow{Kind: kindPool, Name: p.Name, Provider: p.BaseProvider, Source: source, Result: resultSkipped}
	members := make([]string, len(p.Members))
	for i, uuid := range p.Members {
		members[i] = firstText(im.now[uuid], uuid)
	}
	there, err := c.Pool(p.Name)
	switch {
	case err != nil:
		fresh := *p
		fresh.Members = members
		c.Pools = append(c.Pools, &fresh)
		row.Result = resultCreated
	case there.BaseProvider == p.BaseProvider && there.Enabled == p.Enabled && slices.Equal(there.Members, members):
		row.Result = resultUnchanged
	default:
		row.Why = "another pool has this name"
	}
	return row
}

func takeChain(c *pools.Config, ch *pools.Chain, source string) importRow {
	row := importRow{Kind: kindChain, Name: ch.Name, Source: source, Result: resultSkipped}
	there, err := c.Chain(ch.Name)
	switch {
	case err != nil:
		c.Chains = append(c.Chains, ch)
		row.Result = resultCreated
	case there.Enabled == ch.Enabled && slices.EqualFunc(there.Entries, ch.Entries, sameEntry):
		row.Result = resultUnchanged
	default:
		row.Why = "another chain has this name"
	}
	return row
}

func sameEntry(a, b *pools.Entry) bool {
	return a.Pool == b.Pool && a.Model == b.Model && a.Enabled == b.Enabled
}
