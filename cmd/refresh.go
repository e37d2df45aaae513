package cmd

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/internal/filelock"
	"github.com/kyoli-gam/kyoli/internal/seal"
	"github.com/kyoli-gam/kyoli/internal/termtext"
	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

type refreshOptions struct {
	Accounts []string
	All      bool
	Force    bool
	Watch    bool
	Interval time.Duration // 0 = the settings'
	Buffer   time.Duration
}

func newRefreshCmd(f *Factory, runF func(context.Context, *refreshOptions) error) *cobra.Command {
	o := &refreshOptions{}
	cmd := &cobra.Command{
		Use:   "refresh [ACCOUNT…]",
		Short: "Renew access tokens",
		Long: `Renews access tokens that have expired, or end within the proactive refresh
buffer (proactive_refresh_buffer_seconds, half an hour unless set): those of the
accounts named, with --all those of all enabled accounts, and without either
those that are due, of all providers (--provider narrows). Accounts that are
limited are renewed too; disabled ones only where they are named.

A token that another process has just renewed is adopted; no request is made
then. An account whose login no longer works is tried again with --force only.

Exit code 0 where all went well, 1 where some failed, 4 where all did (9 where
that is for want of the key of sealed tokens). With --json each account is an object on a line of its own:
{"uuid","result":"refreshed|adopted|fresh|failed","error"?}

--watch goes on and renews tokens ahead of their end, those that have expired at
once, with a line for each: of the accounts named or of all, also of those that
are added later. Several watchers make one request. It ends with INT or TERM,
when a refresh under way is on the disk.`,
		Example: `  kyoli refresh
  kyoli refresh work home
  kyoli refresh --all --force
  kyoli refresh --watch --json`,
		ValidArgsFunction: completeAccounts(f, 0),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Accounts = args
			if err := o.validate(); err != nil {
				return err
			}
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			if o.Watch {
				return watchRefresh(cmd.Context(), f, o)
			}
			return runRefresh(cmd.Context(), f, o)
		},
	}
	cmd.Flags().BoolVar(&o.All, "all", false, "all enabled accounts")
	cmd.Flags().BoolVar(&o.Force, "force", false, "also tokens that are still good, and accounts that need a new login")
	cmd.Flags().BoolVarP(&o.Watch, "watch", "w", false, "go on, and renew tokens ahead of their end")
	cmd.Flags().DurationVar(&o.Interval, "interval", 0, "with --watch: look at least this often (default proactive_refresh_interval_seconds)")
	cmd.Flags().DurationVar(&o.Buffer, "buffer", 0, "with --watch: renew this long before the end (default proactive_refresh_buffer_seconds)")
	return cmd
}

func runRefresh(ctx context.Context, f *Factory, o *refreshOptions) error {
	ids, err := f.Providers(ctx)
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		return f.noAccounts()
	}
	var jobs []refreshJob
	for _, id := range ids {
		job, err := f.refreshJob(ctx, id)
		if err != nil {
			return err
		}
		jobs = append(jobs, job)
	}
	if err := o.choose(ctx, jobs); err != nil {
		return err
	}
	r := &refreshReport{f: f, rows: []refreshRow{}}
	for _, job := range jobs {
		for _, outcome := range job.m.RefreshAll(ctx, job.uuids, o.Force, 0) {
			if err := r.add(job, outcome); err != nil {
				return err
			}
		}
	}
	return r.end(ctx)
}

// refreshJob is what is to be done for one provider.
type refreshJob struct {
	m        *manager.Manager
	accounts *store.Accounts
	uuids    []string
}

func (f *Factory) refreshJob(ctx context.Context, id string) (refreshJob, error) {
	m, err := f.Manager(ctx, id)
	if err != nil {
		return refreshJob{}, err
	}
	accounts, err := f.load(ctx, id)
	return refreshJob{m: m, accounts: accounts}, err
}

// choose fills in the accounts of the jobs.
func (o *refreshOptions) choose(ctx context.Context, jobs []refreshJob) error {
	for _, name := range o.Accounts {
		if err := chooseNamed(jobs, name); err != nil {
			return err
		}
	}
	if len(o.Accounts) > 0 {
		return nil
	}
	for i := range jobs {
		job := &jobs[i]
		chosen := job.accounts.List
		if !o.All {
			var err error
			if chosen, err = job.m.Due(ctx, job.m.Settings().ProactiveRefreshBuffer); err != nil {
				return err
			}
		}
		for _, a := range chosen {
			if a.Enabled {
				job.uuids = append(job.uuids, a.UUID)
			}
		}
	}
	return nil
}

// chooseNamed adds the account of that name to the job of its provider. A name
// that accounts of two providers have is ambiguous, as within one.
func chooseNamed(jobs []refreshJob, name string) error {
	var found *refreshJob
	var account *store.Account
	var unknown *store.UnknownAccountError
	for i := range jobs {
		a, err := jobs[i].accounts.Find(name)
		switch {
		case errors.As(err, &unknown):
		case err != nil:
			return err
		case found != nil:
			return usageErrorf("kyoli refresh --provider "+found.m.Provider()+" "+name,
				"%q names an account of %s and one of %s", name, found.m.Provider(), jobs[i].m.Provider())
		default:
			found, account = &jobs[i], a
		}
	}
	if found == nil {
		return unknown
	}
	for _, uuid := range found.uuids {
		if uuid == account.UUID {
			return nil
		}
	}
	found.uuids = append(found.uuids, account.UUID)
	return nil
}

// refreshRow is what became of one account.
type refreshRow struct {
	Provider string `json:"provider"`
	UUID     string `json:"uuid"`
	Account  string `json:"account"`
	Result   string `json:"result"`
	Expires  string `json:"expiresAt,omitempty"` // RFC 3339
	Error    string `json:"error,omitempty"`
}

// refreshReport tells what became of the accounts.
type refreshReport struct {
	f      *Factory
	table  termtext.Table
	rows   []refreshRow
	failed int
	errs   []error
}

func (r *refreshReport) add(job refreshJob, o manager.Outcome) error {
	row := refreshRow{Provider: job.m.Provider(), UUID: o.UUID, Result: string(o.Result)}
	told := termtext.Cell{}
	style := termtext.Good
	if o.Err != nil {
		r.failed++
		r.errs = append(r.errs, o.Err)
		row.Account, row.Error = job.accounts.Get(o.UUID).Name(), o.Err.Error()
		told.Text, style = row.Error, termtext.Bad
	} else {
		ends := o.Account.ExpiresAt.Time()
		row.UUID, row.Account, row.Expires = o.Account.UUID, o.Account.Name(), ends.UTC().Format(time.RFC3339)
		told = termtext.Cell{Text: "expires " + termtext.In(ends.Sub(r.f.now())), Full: row.Expires}
	}
	r.rows = append(r.rows, row)
	r.table.Row(termtext.Text(row.Account), termtext.Cell{Text: row.Result, Style: style}, told)
	if r.f.format() == formatJSON {
		return r.f.PrintJSONLine(row)
	}
	return nil
}

// end prints what has not been printed, and makes the exit code.
func (r *refreshReport) end(ctx context.Context) error {
	if r.f.format() != formatJSON {
		if err := r.f.Print(&r.table, r.rows); err != nil {
			return err
		}
	}
	if len(r.rows) == 0 {
		r.f.Note("nothing to do: no token of an enabled account has expired or is about to")
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, err := range r.errs {
		if isStoresFault(err) {
			return err
		}
	}
	r.hints()
	switch r.failed {
	case 0:
		return nil
	case len(r.rows):
		if !slices.ContainsFunc(r.errs, func(err error) bool { return !isSealed(err) }) {
			return exitWith(exitNoKey)
		}
		return exitWith(exitLogin)
	}
	return exitWith(exitGeneral)
}

// hints says once each what helps.
func (r *refreshReport) hints() {
	said := map[string]bool{"": true}
	for _, err := range r.errs {
		if hint := hintOf(err); !said[hint] {
			said[hint] = true
			r.f.Note("hint: %s", hint)
		}
	}
}

// isSealed tells whether it is a token that the key does not open.
func isSealed(err error) bool {
	var sealed *store.SealedError
	return errors.As(err, &sealed)
}

// isStoresFault tells whether the failure has an exit code of its own, as it is
// no account's.
func isStoresFault(err error) bool {
	var damaged *store.DamagedError
	var version *store.VersionError
	var locked *filelock.LockedError
	var key *seal.KeyError
	return errors.As(err, &damaged) || errors.As(err, &version) || errors.As(err, &locked) || errors.As(err, &key)
}
