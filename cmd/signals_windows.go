package cmd

import "os"

var endSignals = []os.Signal{os.Interrupt}
