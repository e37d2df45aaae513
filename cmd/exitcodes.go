package cmd

// The exit codes. `exec` alone passes on its child's.
const (
	exitOK        = 0
	exitGeneral   = 1
	exitUsage     = 2
	exitCancelled = 3
	exitLogin     = 4
	exitNoAccount = 5
	exitNoUsable  = 6
	exitLocked    = 7
	exitDamaged   = 8
	exitNoKey     = 9
	exitTryLater  = 75
)

// exitCodeTable is what `kyoli help exit-codes` shows; a test holds it against
// the constants.
var exitCodeTable = []struct {
	Code    int
	Meaning string
}{
	{exitOK, "all went well"},
	{exitGeneral, "something failed (refresh: some of the accounts; doctor: more than notes is left)"},
	{exitUsage, "wrong flags, arguments or settings, an ambiguous account, an unknown provider, pool or chain"},
	{exitCancelled, "cancelled: a question was answered with no, or could not be asked"},
	{exitLogin, "login needed: there is no account, or its login has ended (refresh: all failed)"},
	{exitNoAccount, "there is no account of that name"},
	{exitNoUsable, "no usable account: all are limited or disabled"},
	{exitLocked, "a file stayed locked by another process until --lock-timeout"},
	{exitDamaged, "a file of accounts or pools, or an encrypted export, is damaged, or a file is of a newer version; nothing was written"},
	{exitNoKey, "the key of sealed tokens is not to be had, or does not open them; nothing was spent or written"},
	{exitTryLater, "try again later: the provider or the network failed for now, or a file was being written all the time"},
}
