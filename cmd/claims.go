package cmd

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/internal/termtext"
	"github.com/kyoli-gam/kyoli/pkg/claims"
)

func newClaimsCmd(f *Factory) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "claims",
		Aliases: []string{"claim"},
		Short:   "Show and end the claims of processes on accounts",
		Long: `A claim says that a process works with an account, so that the next process
takes another one. exec makes it, the program that exec runs holds it, and it
ends with that program, whatever becomes of kyoli. Nothing here has to be done
for that: a claim whose process is gone counts for nothing.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newClaimsListCmd(f, nil), newClaimsReleaseCmd(f, nil), newClaimsGCCmd(f, nil))
	return cmd
}

type claimsListOptions struct{}

func newClaimsListCmd(f *Factory, runF func(context.Context, *claimsListOptions) error) *cobra.Command {
	o := &claimsListOptions{}
	return &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List who holds which account, who waits, and which claims are dead",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runClaimsList(cmd.Context(), f)
		},
	}
}

func runClaimsList(ctx context.Context, f *Factory) error {
	rows := []claimRow{}
	err := f.eachClaims(func(id string, s *claims.Store) error {
		v, err := s.View(ctx)
		if err != nil {
			return err
		}
		for _, n := range v.Notes {
			f.Note("warning: %s", n.Text)
		}
		rows = append(rows, f.claimRows(ctx, id, v)...)
		return nil
	})
	if err != nil {
		return err
	}
	return f.Print(f.claimTable(rows), rows)
}

// eachClaims calls fn for the claims of each provider that the command is about.
func (f *Factory) eachClaims(fn func(id string, s *claims.Store) error) error {
	ids, err := f.listed()
	if err != nil {
		return err
	}
	for _, id := range ids {
		s, err := f.Claims(id)
		if err != nil {
			return err
		}
		if err := fn(id, s); err != nil {
			return err
		}
	}
	return nil
}

type claimsReleaseOptions struct {
	Sessions []string
}

func newClaimsReleaseCmd(f *Factory, runF func(context.Context, *claimsReleaseOptions) error) *cobra.Command {
	o := &claimsReleaseOptions{}
	return &cobra.Command{
		Use:   "release SESSION…",
		Short: "End the claims of a session",
		Long: `Ends all claims of a session, and its place in the queue. The session is the
one that "kyoli claims list" shows. Its program goes on, and goes on using the
account: release says only that others may take it too. A claim of the OpenCode
plugins comes back as long as that OpenCode runs.`,
		Example:           `  kyoli claims release 7gq2mzk4xw3a`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: completeSession(f),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Sessions = args
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runClaimsRelease(cmd.Context(), f, o)
		},
	}
}

// releasedRow is `kyoli claims release --json`.
type releasedRow struct {
	Session string `json:"session"`
	Claims  int    `json:"claims"`
}

func runClaimsRelease(ctx context.Context, f *Factory, o *claimsReleaseOptions) error {
	rows := []releasedRow{}
	var unknown []string
	for _, session := range o.Sessions {
		found, n, err := f.releaseSession(ctx, session)
		if err != nil {
			return err
		}
		if !found {
			unknown = append(unknown, session)
			continue
		}
		rows = append(rows, releasedRow{Session: session, Claims: n})
	}
	table := &termtext.Table{Heads: []string{"session", "released"}}
	for _, r := range rows {
		table.Row(termtext.Text(r.Session), termtext.Text(claimCount(r.Claims)))
	}
	if err := f.Print(table, rows); err != nil {
		return err
	}
	if len(unknown) > 0 {
		return failf(exitGeneral, "kyoli claims list", "no such session: %s", strings.Join(unknown, ", "))
	}
	return nil
}

// releaseSession looks before it takes the lock, so that a session that there is
// not changes nothing.
func (f *Factory) releaseSession(ctx context.Context, session string) (found bool, n int, err error) {
	err = f.eachClaims(func(_ string, s *claims.Store) error {
		v, err := s.View(ctx)
		if err != nil || !v.Knows(session) {
			return err
		}
		found = true
		released, err := s.ReleaseSession(ctx, session)
		n += released
		return err
	})
	return found, n, err
}

type claimsGCOptions struct{}

func newClaimsGCCmd(f *Factory, runF func(context.Context, *claimsGCOptions) error) *cobra.Command {
	o := &claimsGCOptions{}
	return &cobra.Command{
		Use:   "gc",
		Short: "Take dead claims out of the files",
		Long: `Takes out the claims whose processes are gone, and says why each counts as dead.
Most commands do so on the way; this one shows it.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runClaimsGC(cmd.Context(), f)
		},
	}
}

func runClaimsGC(ctx context.Context, f *Factory) error {
	rows := []claimRow{}
	err := f.eachClaims(func(id string, s *claims.Store) error {
		dead, err := s.GC(ctx)
		rows = append(rows, f.claimRows(ctx, id, claims.View{Dead: dead})...)
		return err
	})
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		f.Note("no dead claims")
	}
	return f.Print(f.claimTable(rows), rows)
}

// completeSession completes session ids: no lock, no network.
func completeSession(f *Factory) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		var ids []cobra.Completion
		_ = f.eachClaims(func(id string, s *claims.Store) error {
			v, err := s.View(cmd.Context())
			for _, r := range f.claimRows(cmd.Context(), id, v) {
				if termtext.Clean(r.Session) != r.Session { // nobody can type it
					continue
				}
				ids = append(ids, cobra.CompletionWithDesc(r.Session, termtext.Clean(r.Command+" "+r.Account)))
			}
			return err
		})
		return ids, cobra.ShellCompDirectiveNoFileComp
	}
}
