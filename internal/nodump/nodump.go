// Package nodump keeps this process's memory, in which there are tokens, out of core dumps. It promises nothing beyond
// Linux, and nothing for the programs that this process starts: what they do is theirs.
package nodump
