package cmd

import (
	"context"
	"time"

	"github.com/spf13/cobra"
)

// doctorPatience is how long doctor waits for a lock where --lock-timeout does not say.
const doctorPatience = 2 * time.Second

type doctorOptions struct {
	Fix    bool
	Online bool
}

func newDoctorCmd(f *Factory, runF func(context.Context, *doctorOptions) error) *cobra.Command {
	o := &doctorOptions{}
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Find what is wrong with the accounts' files, and mend it",
		Long: `Looks at kyoli's files, their permissions and owners, locks and who holds them,
claims, the journal of token rotations, OpenCode and its auth.json, and settings.
Each finding says what is wrong, why that matters, and the command that mends it.
Without --fix nothing is changed.

--fix does what is safe: permissions, what dead processes left behind, dead
claims, damaged accounts (the last good ones come back, with the newest tokens
that the journal has), and several entries with one uuid (the one used last
stays). What was damaged is kept beside the file. No token is dropped, and nothing
is touched that a living process holds.

The exit code is 0 where there is nothing left but notes, and 1 where there is.`,
		Example: `  kyoli doctor
  kyoli doctor --fix
  kyoli doctor --online --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			if !cmd.Flags().Changed("lock-timeout") {
				f.opts.LockTimeout = doctorPatience
			}
			return runDoctor(cmd.Context(), f, o)
		},
	}
	cmd.Flags().BoolVar(&o.Fix, "fix", false, "mend what can be mended safely")
	cmd.Flags().BoolVar(&o.Online, "online", false, "ask the token endpoints for the time, too (no credential is sent)")
	return cmd
}

func runDoctor(ctx context.Context, f *Factory, o *doctorOptions) error {
	d, err := newDoctor(f)
	if err != nil {
		return err
	}
	d.look(ctx)
	fixed := []finding{}
	if o.Fix {
		fixed = d.mendAll(ctx)
	}
	d.lookOnce(ctx, o.Online)
	if err := ctx.Err(); err != nil {
		return err
	}
	return d.report(fixed, d.findings)
}

// lookOnce adds the checks that take long, and that nothing mends.
func (d *doctor) lookOnce(ctx context.Context, online bool) {
	d.checkOpenCode(ctx)
	if online {
		d.checkClocks(ctx)
	}
}

// maxRounds bounds how often what was mended shows more to be mended: accounts that were restored have claims and a
// journal again.
const maxRounds = 4

// mendAll mends what can be mended, looks again, and goes on until there is nothing left of that. It returns what was
// mended; what is left is in findings.
func (d *doctor) mendAll(ctx context.Context) (fixed []finding) {
	failed := map[string]string{}
	for range maxRounds {
		done := d.mendOnce(ctx, failed)
		fixed = append(fixed, done...)
		d.look(ctx)
		if len(done) == 0 || ctx.Err() != nil {
			break
		}
	}
	for i := range d.findings {
		if why, ok := failed[d.findings[i].key()]; ok {
			d.findings[i].Message += "; it could not be mended: " + why
		}
	}
	return fixed
}

// mendOnce tries each finding that was not tried in vain before.
func (d *doctor) mendOnce(ctx context.Context, failed map[string]string) (fixed []finding) {
	for _, x := range d.findings {
		if x.mend == nil || failed[x.key()] != "" || ctx.Err() != nil {
			continue
		}
		done, err := x.mend(ctx)
		if err != nil {
			failed[x.key()] = err.Error()
			continue
		}
		x.Fixed, x.Done = true, done
		fixed = append(fixed, x)
	}
	return fixed
}
