package cmd

import (
	"context"
	"fmt"

	"github.com/kyoli-gam/kyoli/pkg/config"
)

// takeSetting takes a plugin's setting over into kyoli.yaml, unless that has one,
// or it is in force already.
func (im *importer) takeSetting(ctx context.Context, s settingCopy) error {
	key := s.Key
	if s.provider != "" {
		key = providerKey(s.provider, s.Key)
	}
	row := importRow{Kind: kindOfSetting, Name: key, Provider: s.provider, Source: s.file, Result: resultUnchanged}
	defer func() { im.more = append(im.more, row) }()
	c, err := im.f.Config()
	if err != nil {
		return err
	}
	have, err := im.f.setting(key)
	if err != nil {
		return err
	}
	text := config.Format(s.Value.Value)
	switch {
	case config.Format(have.Value) == text:
		row.Why = "it is " + text + " already"
		return nil
	case have.Source.File == c.File:
		row.Result, row.Why = resultSkipped, fmt.Sprintf("%s says %s", have.Source, config.Format(have.Value))
		return nil
	}
	row.Result, row.Why = resultCreated, text
	if im.o.DryRun {
		return nil
	}
	if err := c.Set(ctx, key, text); err != nil {
		row.Result, row.Why = resultSkipped, "it could not be written"
		return err
	}
	return nil
}
