package eventlog

// The kinds of events.
const (
	Selected  = "selected"
	Switched  = "switched"
	Retried   = "retried"
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
	Synced    = "synced"
	Warning   = "warning"
)

// Kinds are all kinds with what they mean for the account, in the order of the documentation.
func Kinds() [][2]string {
	return [][2]string{
		{Selected, "a command chose the account; the reason says why"},
		{Switched, "it became the active one, or took over from another"},
		{Retried, "a request is sent again with it; the reason says what was wrong with the answer"},
		{Refreshed, "its token was renewed"},
		{Adopted, "a token that somebody else renewed was taken over"},
		{Failed, "a refresh failed"},
		{Limited, "it met a limit; the reason says until when"},
		{Disabled, "it is left out from now on; the reason says why"},
		{Enabled, "it is used again"},
		{Reset, "its limits and failures were cleared by hand"},
		{Added, "it is new"},
		{Removed, "it was removed"},
		{Renamed, "the provider gave it another uuid"},
		{Claimed, "a process claimed it"},
		{Handed, "its claim went to another process, exec's command"},
		{Released, "its claim was given back, or ended by hand"},
		{Freed, "the claim of a dead process was taken out"},
		{Synced, "it was written into OpenCode's auth.json"},
		{Warning, "something went wrong that did not stop the work"},
	}
}
