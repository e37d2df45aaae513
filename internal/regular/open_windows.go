package regular

// noWait is nothing: there are no FIFOs in directories.
const noWait = 0
