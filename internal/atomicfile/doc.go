// Package atomicfile replaces a file's content so that a crash at any moment leaves the old content or the new, and
// so that the new is on the disk when Write returns.
//
// The steps: a temporary file (0600, allocated in advance) in the same directory, write, fsync, close, rename, fsync
// of the directory. Where a step fails the temporary file is removed and the old content is untouched.
package atomicfile
