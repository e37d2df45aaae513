package atomicfile

import "errors"

// errNoExchange is returned where the system, or the file system, cannot do it.
var errNoExchange = errors.New("two files cannot be exchanged here")
