// Package migrate moves credentials between kyoli and other places. Most of it
// is about OpenCode's auth.json, both ways: [Import] takes logins over, [Sync]
// and [AfterRotate] hand them back, and [Vault] guards the file while an
// OpenCode runs on a login that it has from OPENCODE_AUTH_CONTENT. The rest
// converts and does no I/O: [ParseCodex] reads Codex CLI's login, [Bundle] makes
// an export, [Seal] and [Unseal] encrypt one with age, and [Unwrap] and [FormOf]
// find out what a document is. Their errors never quote what they read.
//
// OpenCode writes auth.json in place, without a lock, whenever it stores a
// login or a renewed token. So the package promises:
//
//   - A file that cannot be read as a whole is never overwritten.
//   - Nothing is written over a file that OpenCode is writing: a settled
//     observation (it parses, is not empty, and was the same 100 ms before)
//     precedes every write, and a change that comes between is found, before
//     the rename and after it, and taken in.
//   - What is not kyoli's to change stays, byte for byte.
//   - A write that would change nothing is not made.
//   - No token is written anywhere but into auth.json, the account file and
//     the vault; what kyoli remembers of its own writes are hashes.
//
// What is left: a credential that stood in the file for an instant only, while
// nobody looked, between two writes of OpenCode.
package migrate
