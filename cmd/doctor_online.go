package cmd

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/kyoli-gam/kyoli/internal/shellquote"
)

// maxSkew is how far the clocks may be apart: tokens are renewed some minutes before they expire.
const maxSkew = time.Minute

// checkClocks asks the token endpoints for the time.
func (d *doctor) checkClocks(ctx context.Context) {
	client := d.f.client()
	for _, p := range d.patients {
		if p.adapter == nil || ctx.Err() != nil {
			continue
		}
		skew, err := client.Skew(ctx, p.adapter)
		x := finding{Provider: p.id, Severity: severityWarning}
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			x.ID, x.Message = "endpoint-unreachable", "the token endpoint of "+p.id+" cannot be asked for the time: "+err.Error()
			x.Why, x.Fix = "no token can be renewed without it", "curl -sSI "+shellquote.Word(p.adapter.TokenURL)
		case skew.Abs() > maxSkew:
			way := "behind"
			if skew < 0 {
				way = "ahead of"
			}
			x.ID = "clock-skew"
			x.Message = fmt.Sprintf("this machine's clock is %s %s that of %s", skew.Abs().Round(time.Second), way, p.id)
			x.Why, x.Fix = "limits seem to end too early or too late, and tokens to expire", setClock()
		default:
			continue
		}
		d.found(x)
	}
}

// setClock is the command that sets this machine's clock by the network.
func setClock() string {
	switch runtime.GOOS {
	case "windows":
		return "w32tm /resync"
	case "darwin":
		return "sudo sntp -sS time.apple.com"
	}
	return "sudo timedatectl set-ntp true"
}
