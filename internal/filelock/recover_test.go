package filelock

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const deadNonce = "0123456789abcdef0123456789abcdef"

// dead leaves the owner file of a kyoli that died.
func dead(t *testing.T, path string, met time.Time) {
	t.Helper()
	r := record{nonce: deadNonce, pid: 1, met: met}
	must(t, os.WriteFile(path+".owner", []byte(r.String()), 0o600))
}

func mkdirWith(t *testing.T, dir string, names ...string) {
	t.Helper()
	must(t, os.Mkdir(dir, 0o700))
	for _, name := range names {
		must(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}
}

// Each row is a moment at which a kyoli may have died.
func TestRecovery(t *testing.T) {
	mine := "owner-" + deadNonce
	tests := map[string]func(t *testing.T, path string){
		"after the note":       func(*testing.T, string) {},
		"before the marker":    func(t *testing.T, path string) { mkdirWith(t, path+".lock."+deadNonce) },
		"before the rename":    func(t *testing.T, path string) { mkdirWith(t, path+".lock."+deadNonce, mine) },
		"in its release":       func(t *testing.T, path string) { leaveUnmarked(t, path) },
		"in the directory":     func(t *testing.T, path string) { mkdirWith(t, path+".lock", mine) },
		"while stealing":       func(t *testing.T, path string) { leave(t, path, time.Hour); moveToTomb(t, path) },
		"while stealing, both": func(t *testing.T, path string) { leave(t, path, 0); moveToTomb(t, path); leave(t, path, time.Hour) },
	}
	for name, prepare := range tests {
		t.Run(name, func(t *testing.T) {
			path := target(t)
			dead(t, path, time.Time{})
			prepare(t, path)
			l, ok, err := TryAcquire(context.Background(), path, Options{PluginDir: true, up: upFor(24 * time.Hour)})
			must(t, err)
			if !ok {
				t.Fatal("a dead kyoli makes others wait")
			}
			must(t, l.Held())
			must(t, l.Release())
			if got := litter(t, path); got != nil {
				t.Errorf("left behind: %q", got)
			}
		})
	}
}

// leaveUnmarked leaves what one leaves that died between the two steps of its release.
func leaveUnmarked(t *testing.T, path string) {
	t.Helper()
	mkdirWith(t, path+".lock")
	dir := identify(path + ".lock")
	if dir == (identity{}) {
		t.Skip("this file system keeps no time of birth, by which the directory is known: the next one waits for it")
	}
	must(t, os.WriteFile(path+".owner", []byte(record{nonce: deadNonce, pid: 1, dir: dir}.String()), 0o600))
}

// A directory without a marker that another program made in the place of a dead kyoli's is spared.
func TestRecoverySparesTheNextDirectory(t *testing.T) {
	path := target(t)
	leaveUnmarked(t, path)
	dead := identify(path + ".lock")
	for identify(path+".lock") == dead { // perhaps with the same inode number; the clock of births goes in steps
		must(t, os.Remove(path+".lock"))
		mkdirWith(t, path+".lock")
	}
	if _, ok, err := TryAcquire(context.Background(), path, Options{PluginDir: true}); ok || err != nil {
		t.Errorf("took another program's directory: %t, %v", ok, err)
	}
}

func moveToTomb(t *testing.T, path string) {
	t.Helper()
	must(t, os.Rename(path+".lock", tomb(path+".lock."+deadNonce)))
}

// A directory that was moved aside by a kyoli that died before it could look again may be a live one: it goes back.
func TestRecoveryPutsLiveDirectoryBack(t *testing.T) {
	path := target(t)
	dead(t, path, time.Time{})
	leave(t, path, 0, "owner-live")
	moveToTomb(t, path)
	_, ok, err := TryAcquire(context.Background(), path, Options{PluginDir: true})
	must(t, err)
	if ok {
		t.Fatal("a live directory was taken")
	}
	if got := markers(t, path); len(got) != 1 || got[0] != "owner-live" {
		t.Errorf("the directory holds %q", got)
	}
}

// The nonce proves what is ours; without it, nothing of another program goes.
func TestRecoverySparesOthers(t *testing.T) {
	path := target(t)
	dead(t, path, time.Time{})
	leave(t, path, 0)
	if _, ok, err := TryAcquire(context.Background(), path, Options{PluginDir: true}); ok || err != nil {
		t.Errorf("took another program's directory: %t, %v", ok, err)
	}
	if _, err := os.Stat(path + ".lock"); err != nil {
		t.Error(err)
	}
}

func TestDamagedOwnerFile(t *testing.T) {
	for _, content := range []string{"", "kyoli", strings.Repeat("x", 1000), "kyoli lock 1 ../../../etc 1 1\n"} {
		path := target(t)
		must(t, os.WriteFile(path+".owner", []byte(content), 0o600))
		l := acquire(t, path, Options{PluginDir: true})
		f, err := openOwner(path + ".owner")
		must(t, err)
		f.close()
		if f.rec.nonce != strings.TrimPrefix(l.dir.marker, markerPrefix) || f.rec.pid != os.Getpid() {
			t.Errorf("%q: the owner file says %+v", content, f.rec)
		}
	}
}

// Where another program was met in the last minute, the directory stays free for a moment before the next kyoli.
func TestCourtesy(t *testing.T) {
	now := time.Now()
	tests := []struct {
		name string
		met  time.Time
		want time.Duration
	}{
		{"never met", time.Time{}, 0},
		{"met just now", now.Add(-time.Second), courtesy},
		{"met two minutes ago", now.Add(-2 * time.Minute), 0},
		{"met in the future", now.Add(time.Hour), 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := target(t)
			dead(t, path, tt.met)
			synctest.Test(t, func(t *testing.T) {
				l := acquire(t, path, Options{PluginDir: true, Now: func() time.Time { return now }})
				start := time.Now()
				must(t, l.LeaveDir())
				time.Sleep(time.Millisecond) // counts
				must(t, l.Release())
				if got := time.Since(start); got != max(tt.want, time.Millisecond) {
					t.Errorf("the flock was passed on after %s, want %s", got, tt.want)
				}
			})
		})
	}
}

// Meeting another program is remembered for the next kyoli process, which reads it from the owner file.
func TestMeetingIsRemembered(t *testing.T) {
	path := target(t)
	leave(t, path, time.Hour)
	must(t, acquire(t, path, Options{PluginDir: true, up: upFor(24 * time.Hour)}).Release())
	l := acquire(t, path, Options{PluginDir: true})
	if !recent(l.met, time.Now()) {
		t.Error("forgotten")
	}
}

func FuzzParseRecord(f *testing.F) {
	f.Add(record{nonce: deadNonce, pid: 7, met: time.UnixMilli(1_700_000_000_000)}.String())
	f.Add(record{nonce: deadNonce, pid: 7, dir: identity{1 << 60, 1_700_000_000_000_000_001}}.String())
	f.Add("")
	f.Add("kyoli lock 1 zz 1 1\n")
	f.Add("kyoli lock 1 " + deadNonce + " -1 99999999999999999999\n")
	f.Fuzz(func(t *testing.T, s string) {
		r := parseRecord(s)
		if r.nonce == "" {
			return
		}
		if strings.ContainsAny(r.nonce, "/\\.") || len(r.nonce) != nonceLen {
			t.Errorf("nonce %q would become part of a path", r.nonce)
		}
		if again := parseRecord(r.String()); again.nonce != r.nonce || again.pid != r.pid || again.dir != r.dir {
			t.Errorf("%+v became %+v", r, again)
		}
	})
}
