// Package executor runs work with an account: an HTTP request or a child.
//
// Transport is an http.RoundTripper that sends requests with an account of the
// pool and goes on to another one where the first has met a limit or is not let
// in. It promises that a body is sent again as it came, that a client sees one
// answer, that a stream passes unbuffered from its first output on, that no
// account is blamed for a client that has gone, and that a token goes to its
// provider's API and nowhere else.
//
// Process runs a child command as if kyoli were not there: same pid from its
// claim to its last instruction, same standard streams, terminal and process
// group, its exit code, and every signal once. It promises that the child's
// first instruction comes after its pid has been claimed, that a child outlives
// a kyoli that is killed, and that nothing of kyoli's own (pipes, descriptors,
// signal masks) reaches it.
//
// What Go cannot do is stated here: the si_code of a signal cannot be seen, so
// whether a signal came from the terminal is told from the terminal's foreground
// process group; and of the signals that kyoli's parent ignores, only INT, HUP,
// TSTP, TTIN and TTOU stay ignored in the child, because Go's runtime replaces
// the others before any code of ours runs.
package executor
