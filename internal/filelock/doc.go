// Package filelock orders the changes of one file between kyoli's own processes and the npm plugins that
// share the file with them.
//
// A Lock has two parts. The first is an flock on "<file>.flock", never unlinked and empty: it orders kyoli's own
// processes, and the kernel gives it back when one of them dies. The second, taken late and held briefly
// (EnterDir), is the plugins' own lock, a directory "<file>.lock": it orders kyoli and the plugins.
//
// Promises: a kyoli that dies makes nobody wait; a lock of another program is never removed while it is alive by
// that program's own rules; waiting is bounded, and can be cancelled; no lock is thought to be ours after another
// program took it (Held, LeaveDir). What is left of the window against the plugins, which check less, is
// in docs/compatibility.md.
package filelock
