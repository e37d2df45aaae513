package eventlog

// The kinds of events.
const (
	Selected  = "selected"
	Switched  = "switched"
	Refreshed = "refreshed"
	Adopted   = "adopted"
	Failed    = "failed"
	Limited   = "rate-limited"
	Disabled  = "disabled"
	Enabled   = "enabled"
	Reset     = "reset"
	Added     = "added"
	Removed   = "removed"
	Renamed   = "renamed"
	Claimed   = "claimed"
	Handed    = "handed-over"
	Released  = "released"
	Freed     = "freed"
	Warning   = "warning"
)

// Kinds are all kinds with what they mean, in the order of the documentation.
func Kinds() [][2]string {
	return [][2]string{
		{Selected, "a command chose the account; the reason says why"},
		{Switched, "another account took over: it became the active one, or the one before could not go on"},
		{Refreshed, "the account's token was renewed; parent is the token that was spent"},
		{Adopted, "a token that somebody else had renewed was taken over: another process's, or OpenCode's own"},
		{Failed, "a refresh failed"},
		{Limited, "the account met a limit of the provider's; the reason says until when"},
		{Disabled, "the account is left out from now on: its login no longer works, or somebody said so"},
		{Enabled, "the account is used again"},
		{Reset, "its limits and failures were cleared by hand"},
		{Added, "the account is new"},
		{Removed, "the account was removed"},
		{Renamed, "the provider gave the account another uuid"},
		{Claimed, "a process has a claim on the account"},
		{Handed, "the claim went to another process, normally the program that exec runs"},
		{Released, "the claim was given back, or ended by hand"},
		{Freed, "the claim of a dead process was taken out; the reason says why it counts as dead"},
		{Warning, "something went wrong that did not stop the work"},
	}
}
