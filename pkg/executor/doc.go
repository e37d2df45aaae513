// Package executor runs work with an account. Process runs a child command as
// if kyoli were not there: same pid from its claim to its last instruction,
// same standard streams, terminal and process group, its exit code, and every
// signal once.
//
// The package promises that the child's first instruction comes after its pid
// has been claimed, that a child outlives a kyoli that is killed, and that
// nothing of kyoli's own (pipes, descriptors, signal masks) reaches it.
//
// What Go cannot do is stated here: the si_code of a signal cannot be seen, so
// whether a signal came from the terminal is told from the terminal's foreground
// process group; and of the signals that kyoli's parent ignores, only INT, HUP,
// TSTP, TTIN and TTOU stay ignored in the child, because Go's runtime replaces
// the others before any code of ours runs.
package executor
