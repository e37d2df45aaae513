package store

// openFlags are none: there are no FIFOs in directories.
const openFlags = 0
