package env

// Role says who a variable is for.
type Role string

// The roles, in the order in which `kyoli help environment` shows them.
const (
	Read   Role = "read"   // kyoli reads it
	Export Role = "export" // kyoli sets it for the child of exec
)

// Var is one row of the registry.
type Var struct {
	Name    string
	Role    Role
	Meaning string
}

// Names of the variables that kyoli reads.
const (
	ConfigDir         = "KYOLI_CONFIG_DIR"
	OpenCodeConfigDir = "OPENCODE_CONFIG_DIR"
	XDGConfigHome     = "XDG_CONFIG_HOME"
	XDGDataHome       = "XDG_DATA_HOME"
	XDGStateHome      = "XDG_STATE_HOME"
	XDGRuntimeDir     = "XDG_RUNTIME_DIR"
	SessionBus        = "DBUS_SESSION_BUS_ADDRESS"
	NoInput           = "KYOLI_NO_INPUT"
	Accounts          = "KYOLI_ACCOUNTS"
	Passphrase        = "KYOLI_PASSPHRASE" //nolint:gosec // a name, not a value
	CodexHome         = "CODEX_HOME"
	NoColor           = "NO_COLOR"
	CLIColorForce     = "CLICOLOR_FORCE"
	Term              = "TERM"
	Path              = "PATH"
	Display           = "DISPLAY"
	WaylandDisplay    = "WAYLAND_DISPLAY"
	SSHConnection     = "SSH_CONNECTION"
	SSHTTY            = "SSH_TTY"
	WSL               = "WSL_DISTRO_NAME"
)

// ownSecrets are the variables that no program gets which kyoli starts.
var ownSecrets = []string{Accounts, Passphrase}

// Names of the variables that exec sets for its child. OpenCode's are also read:
// an inherited OpenCodeAuthContent is dropped or replaced, an OpenCodeConfig kept
// and added to.
const (
	Provider            = "KYOLI_PROVIDER"
	Account             = "KYOLI_ACCOUNT"
	AccountLabel        = "KYOLI_ACCOUNT_LABEL"
	AccessToken         = "KYOLI_ACCESS_TOKEN" //nolint:gosec // a name, not a value
	ExpiresAt           = "KYOLI_EXPIRES_AT"
	BaseURL             = "KYOLI_BASE_URL"
	OpenCodeAuthContent = "OPENCODE_AUTH_CONTENT"
	OpenCodeConfig      = "OPENCODE_CONFIG_CONTENT"
)

var registry = []Var{
	{ConfigDir, Read, "directory of kyoli's files; --config-dir wins over it"},
	{OpenCodeConfigDir, Read, "used where KYOLI_CONFIG_DIR is not set"},
	{XDGConfigHome, Read, "its opencode/ is used where neither of the two is set (default ~/.config)"},
	{XDGDataHome, Read, "where OpenCode keeps opencode/auth.json, and kyoli its age identity (default ~/.local/share)"},
	{XDGStateHome, Read, "its kyoli/ holds the event log, the proxy's tokens, what sync-auth last wrote and the login vault (default ~/.local/state)"},
	{SessionBus, Read, "where the system's keyring answers on Linux, for storage.encryption keyring"},
	{XDGRuntimeDir, Read, "its bus is used where DBUS_SESSION_BUS_ADDRESS is not set"},
	{homeVar, Read, "home directory"},
	{NoInput, Read, "set: never prompt, as --no-input"},
	{Accounts, Read, "an export of accounts, for kyoli import --env and kyoli export --if-rotated; no child gets it"},
	{Passphrase, Read, "the passphrase of encrypted exports; no child gets it"},
	{CodexHome, Read, "where Codex CLI keeps auth.json, for kyoli import --from codex (default ~/.codex)"},
	{NoColor, Read, "set to anything: no colours"},
	{CLIColorForce, Read, "set and not 0: colours even where the output is not a terminal"},
	{Term, Read, "dumb: no colours, and the menu as numbered lists"},
	{Path, Read, "where exec looks for the command"},
	{Display, Read, "neither it nor WAYLAND_DISPLAY set (Linux, BSD): login opens no browser"},
	{WaylandDisplay, Read, "as DISPLAY"},
	{WSL, Read, "set: Windows has the browser that login opens"},
	{SSHConnection, Read, "it or SSH_TTY set: login opens no browser, for the person sits elsewhere"},
	{SSHTTY, Read, "as SSH_CONNECTION"},
	{Provider, Export, "provider of the account; set, a nested exec is refused (see --allow-nested)"},
	{Account, Export, "uuid of the account"},
	{AccountLabel, Export, "label of the account"},
	{AccessToken, Export, "access token of the account; with --rotate a secret for this run"},
	{ExpiresAt, Export, "when the access token expires, RFC 3339"},
	{BaseURL, Export, "with --rotate, where the command calls the provider's API"},
	{OpenCodeAuthContent, Export, "logins for OpenCode, where the command is opencode"},
	{OpenCodeConfig, Export, "with --rotate, OpenCode's configuration: what was inherited, and where it calls the API"},
}

// Vars lists the registry in the order of the documentation.
func Vars() []Var {
	return append([]Var(nil), registry...)
}

func registered(name string) bool {
	for _, v := range registry {
		if v.Name == name {
			return true
		}
	}
	return false
}
