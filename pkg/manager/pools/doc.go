// Package pools keeps the user's pools and chains: the file "multiauth-pools.json", which is shared with the OpenCode
// plugins (npm opencode-multi-account-core). A pool is a named set of accounts of one provider; a chain is a list of
// pools, in the order in which to try them.
//
// It promises that what it does not know in the file survives a change byte for byte, that a file which it cannot read
// wholly is never written over, that nothing is written that the plugin's schema rejects (the plugin takes such a file
// for an empty one, and overwrites it), and that a change starts from what is on disk, under the lock that the plugin
// takes too, and is on disk when it returns.
package pools
