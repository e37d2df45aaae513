package procid

import (
	"errors"
	"strconv"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

// bootCounter is where Windows keeps the number of the boot, which any user may read.
const bootCounter = `SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management\PrefetchParameters`

// platformHere has no PID namespace: Windows has none. Where the boot counter cannot be read the
// boot is unknown; the boot's time is no substitute, for it moves with the clock. The creation time,
// which is wall-clock time in steps of 100 ns, then tells boots apart.
func platformHere() Process {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, bootCounter, registry.QUERY_VALUE)
	if err != nil {
		return Process{}
	}
	defer func() { _ = key.Close() }()
	n, _, err := key.GetIntegerValue("BootId")
	if err != nil {
		return Process{}
	}
	return Process{BootID: strconv.FormatUint(n, 10)}
}

// look returns the creation time of a live process, or why there is none. A process that has ended
// stays to be opened as long as somebody has a handle on it, as a zombie elsewhere.
func look(pid int) (start, gone string) {
	const access = windows.PROCESS_QUERY_LIMITED_INFORMATION | windows.SYNCHRONIZE
	h, err := windows.OpenProcess(access, false, uint32(pid)) //nolint:gosec // Of has refused what is not a PID
	if errors.Is(err, windows.ERROR_INVALID_PARAMETER) {
		return "", whyGone
	}
	if err != nil {
		return "", "" // ERROR_ACCESS_DENIED: somebody else's
	}
	defer func() { _ = windows.CloseHandle(h) }()
	if ev, err := windows.WaitForSingleObject(h, 0); err == nil && ev == windows.WAIT_OBJECT_0 {
		return "", whyZombie
	}
	var created, exited, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(h, &created, &exited, &kernel, &user); err != nil {
		return "", ""
	}
	return strconv.FormatUint(uint64(created.HighDateTime)<<32|uint64(created.LowDateTime), 10), ""
}
