//go:build !unix

package filelock

func isNotDir(error) bool { return false }
