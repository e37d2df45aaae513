package e2e_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// diskDeeds are the operations that a disk refuses, by what each has to write first.
func diskDeeds(t *testing.T) []deed {
	var chosen []deed
	for _, d := range deeds {
		switch d.name {
		case "store write", "refresh", "claim", "sync-auth", "config set", "migrate", "import":
			chosen = append(chosen, d)
		}
	}
	if len(chosen) != 7 {
		t.Fatalf("%d operations", len(chosen))
	}
	return chosen
}

// A disk that is full, read-only or not this user's changes nothing: the error names a file on it, no token request is
// made, and once the disk is well the same command goes well.
func TestFaultDiskRefuses(t *testing.T) {
	for name, refuse := range map[string]func(*swept) (mend func()){
		"full": (*swept).fillDisk, "read-only": (*swept).mountReadOnly, "a directory of another user": (*swept).closeDir,
	} {
		for _, d := range diskDeeds(t) {
			t.Run(name+"/"+d.name, func(t *testing.T) {
				if os.Geteuid() != 0 {
					t.Skip("mounting a disk, and being another user, need root")
				}
				s := newSwept(t)
				if d.prepare != nil {
					d.prepare(s)
				}
				cmd := d.command(s, shipped(t))
				mend := refuse(s)
				d.refusedByDisk(s, cmd)
				mend()
				if out, err := d.command(s, shipped(t)).CombinedOutput(); err != nil {
					t.Errorf("the disk is well again, and the command is not: %v: %s", err, out)
				}
				if d.check(s) {
					t.Error("a token is lost")
				}
			})
		}
	}
}

// refusedByDisk runs the deed, which has to fail and leave all as it was.
func (d deed) refusedByDisk(s *swept, cmd *exec.Cmd) {
	s.t.Helper()
	files := []string{sweptAccounts, sweptSettings, sweptAuth}
	was := map[string]string{}
	for _, name := range files {
		was[name] = s.read(name)
	}
	cmd.Path, cmd.SysProcAttr = s.kyoli(), s.as
	out, err := cmd.CombinedOutput()
	if code := exitOf(err); code < 1 || !s.namesAFile(string(out)) || strings.Contains(string(out), "goroutine ") {
		s.t.Errorf("exit code %d: %s", code, out)
	}
	for _, name := range files {
		if s.read(name) != was[name] {
			s.t.Errorf("%s was changed", name)
		}
	}
	for _, r := range s.provider.Requests() {
		s.t.Errorf("the provider was asked: %s", r.Endpoint)
	}
}

// namesAFile says whether a message tells where: a path in this home.
func (s *swept) namesAFile(text string) bool {
	return regexp.MustCompile(`(?m)(^kyoli: |\tfailed\t).*` + regexp.QuoteMeta(s.dir) + `/\S`).MatchString(text)
}

// onDisk puts a small disk in place of the directories with kyoli's files, and what was in them on it.
func (s *swept) onDisk(size string) (disk string) {
	s.t.Helper()
	disk = filepath.Join(s.t.TempDir(), "disk")
	var err error
	mount := func(from, to, kind string, flags uintptr, data string) {
		if err = errors.Join(err, syscall.Mount(from, to, kind, flags, data)); err == nil {
			s.t.Cleanup(func() {
				if err := syscall.Unmount(to, syscall.MNT_DETACH); err != nil {
					s.t.Error(err)
				}
			})
		}
	}
	err = os.Mkdir(disk, 0o700)
	mount("tmpfs", disk, "tmpfs", 0, "size="+size)
	if err != nil {
		s.t.Skipf("a disk of its own needs the right to mount a tmpfs: %v", err)
	}
	err = exec.Command("cp", "-a", s.dir+"/.", disk).Run()
	mount(disk, s.dir, "", syscall.MS_BIND, "")
	if err != nil {
		s.t.Fatal(err)
	}
	return disk
}

func (s *swept) fillDisk() (mend func()) {
	s.onDisk("4m")
	s.fill(s.path("filler"), 0)
	return func() {
		if err := os.Remove(s.path("filler")); err != nil {
			s.t.Error(err)
		}
	}
}

// fill leaves so many pages of 4 KiB free.
func (s *swept) fill(path string, free int) {
	s.t.Helper()
	f, err := os.Create(path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	size := 0
	for err == nil {
		var n int
		n, err = f.Write(make([]byte, 4<<10))
		size += n
	}
	if !errors.Is(err, syscall.ENOSPC) {
		s.t.Fatal(err)
	}
	if err := f.Truncate(int64(size - free*4<<10)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *swept) mountReadOnly() (mend func()) {
	s.onDisk("4m")
	remount := func(flags uintptr) {
		if err := syscall.Mount("", s.dir, "", syscall.MS_REMOUNT|syscall.MS_BIND|flags, ""); err != nil {
			s.t.Fatal(err)
		}
	}
	remount(syscall.MS_RDONLY)
	return func() { remount(0) }
}

// closeDir gives the home to another user, who may read in it and not write, and makes kyoli that user's.
func (s *swept) closeDir() (mend func()) {
	const other = 12345
	each := func(uid int, dir os.FileMode) {
		err := filepath.WalkDir(s.dir, func(path string, e os.DirEntry, err error) error {
			if err == nil && e.IsDir() {
				err = os.Chmod(path, dir)
			}
			return errors.Join(err, os.Lchown(path, uid, uid))
		})
		if err != nil {
			s.t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Dir(s.dir), 0o755); err != nil {
		s.t.Fatal(err)
	}
	each(other, 0o500)
	s.as = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: other, Gid: other}}
	return func() { s.as = nil; each(0, 0o700) }
}

// kyoli is the shipped program, where the user of this home can run it.
func (s *swept) kyoli() string {
	s.t.Helper()
	path := shipped(s.t)
	if s.as == nil {
		return path
	}
	dir, err := os.MkdirTemp("", "kyoli-e2e-user-")
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = os.RemoveAll(dir) })
	binary, err := os.ReadFile(path)
	theirs := filepath.Join(dir, "kyoli")
	if err := errors.Join(err, os.WriteFile(theirs, binary, 0o700), os.Chmod(theirs, 0o755), os.Chmod(dir, 0o755)); err != nil {
		s.t.Fatal(err)
	}
	return theirs
}

// A disk that takes a part of what is written and no more: where room cannot be set aside (here strace says so), it is
// the write that finds out.
func TestFaultShortWrite(t *testing.T) {
	needStrace(t)
	short := regexp.MustCompile(`write\(\d+<[^>]*\.kyoli-[^>]*>.*, (\d+)\) = (\d+)`)
	seen := 0
	for free, done := 0, false; !done; free++ {
		s := newSwept(t)
		s.write(sweptAccounts, strings.Replace(s.read(sweptAccounts), `"later":[1e2]`, `"later":[1e2],"pad":"`+strings.Repeat("x", 30<<10)+`"`, 1))
		s.onDisk("4m")
		before := s.read(sweptAccounts)
		s.fill(s.path("filler"), free)
		log := filepath.Join(t.TempDir(), "trace")
		cmd := straced(s.command(shipped(t), "accounts", "label", "one", "first"), "-y", "-o", log, "-e", "trace=write,fallocate",
			"-e", "inject=fallocate:error=EOPNOTSUPP")
		out, err := cmd.CombinedOutput()
		done = err == nil // there was enough room
		if !done && (!s.namesAFile(string(out)) || !strings.Contains(string(out), "no space left")) {
			t.Errorf("%d pages free: %v: %s", free, err, out)
		}
		if done == (s.read(sweptAccounts) == before) {
			t.Errorf("%d pages free: done %v, and the file was not", free, done)
		}
		trace, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		for _, call := range short.FindAllStringSubmatch(string(trace), -1) {
			want, _ := strconv.Atoi(call[1])
			if got, _ := strconv.Atoi(call[2]); got < want {
				seen++
			}
		}
		if err := os.Remove(s.path("filler")); err != nil {
			t.Fatal(err)
		}
		s.next("accounts", "label", "one", "first")
		if left := s.leftOver(func() { s.next("accounts", "label", "one", "again") }); len(left) > 0 {
			t.Errorf("left over: %q", left)
		}
		checkAccounts(s)
	}
	if seen == 0 {
		t.Error("no write was short, so this shows nothing")
	}
}

// failing are calls that a disk may refuse, and how.
var failing = map[string]string{
	"fsync": "EIO", "renameat": "EIO", "renameat2": "EIO", "fallocate": "ENOSPC", "mkdirat": "EROFS", "unlinkat": "EIO", "ftruncate": "EIO",
}

// The shipped kyoli, whose disk refuses its n-th call of each kind, for every n, ends with success and the change, or
// with an error that names a file. Either way the files are whole, no token is lost, not even one that the provider
// has just rotated, and the next command goes well.
func TestFaultDiskErrorAtEachCall(t *testing.T) {
	needStrace(t)
	_, whole := crowdRounds(t)
	for _, d := range diskDeeds(t) {
		if !whole && d.name != "refresh" {
			continue
		}
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			points, failed := 0, 0
			for call, errno := range failing {
				for n := 1; whole || n <= 4; n++ {
					injected, ok := d.failCall(t, call, errno, n)
					if !injected {
						break
					}
					points++
					if !ok {
						failed++
					}
					if t.Failed() {
						t.Fatalf("%s at %s number %d", errno, call, n)
					}
				}
			}
			t.Logf("%s: %d refused calls, of which %d end the command", d.name, points, failed)
			if points < 3 || failed == 0 {
				t.Errorf("%d refused calls, of which %d end the command", points, failed)
			}
		})
	}
}

func (d deed) failCall(t *testing.T, call, errno string, n int) (injected, ok bool) {
	s := newSwept(t)
	if d.prepare != nil {
		d.prepare(s)
	}
	log := filepath.Join(t.TempDir(), "trace")
	cmd := straced(d.command(s, shipped(t)), "-o", log, "-e", "signal=none", "-e", "trace="+call,
		"-e", fmt.Sprintf("inject=%s:error=%s:when=%d", call, errno, n))
	out, err := cmd.CombinedOutput()
	if code := exitOf(err); err != nil && (code < 1 || !s.namesAFile(string(out)) || strings.Contains(string(out), "goroutine ")) {
		t.Errorf("exit code %d: %s", code, out)
	}
	trace, readErr := os.ReadFile(log)
	if readErr != nil {
		t.Fatal(readErr)
	}
	refused := strings.Count(string(trace), "(INJECTED)")
	// strace counts the calls of each thread for itself: where two were refused, a token may have been kept by neither
	// the journal nor the account file.
	if d.check(s) && refused < 2 {
		t.Error("a token is lost")
	}
	return refused > 0, err == nil
}
