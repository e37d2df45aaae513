package migrate

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/kyoli-gam/kyoli/internal/procid"
)

// The test binary runs itself as other programs: roleOpenCode is an OpenCode
// that does what its standard input says, roleSupervisor a kyoli exec,
// roleDoomed a kyoli that dies at one of its steps to the disk.
const (
	roleVariable   = "KYOLI_MIGRATE_TEST_ROLE"
	roleOpenCode   = "opencode"
	roleSupervisor = "supervisor"
	roleDoomed     = "doomed"
)

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case roleOpenCode:
		openCodeMain()
	case roleSupervisor:
		supervisorMain()
	case roleDoomed:
		doomedMain()
	default:
		goleak.VerifyTestMain(m)
	}
}

// order is one thing for the OpenCode process to do.
type order struct {
	Path  string          // auth.json
	Key   string          // the entry to store
	Entry json.RawMessage `json:",omitempty"` // nil logs out
	// Replaced is for a write that waits, between its truncation and the rest,
	// until another file has taken the name.
	Replaced bool
	// Die is where it dies: "truncated" or "half".
	Die string
}

// openCodeMain obeys orders, one line of JSON each, and answers each with a line.
func openCodeMain() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var o order
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			panic(err)
		}
		o.obey()
		fmt.Println("done")
	}
	os.Exit(0)
}

// obey does what OpenCode 1.18.33 does (its Auth.all, set and remove).
func (o order) obey() {
	all := map[string]json.RawMessage{}
	if content := os.Getenv("OPENCODE_AUTH_CONTENT"); content != "" {
		if err := json.Unmarshal([]byte(content), &all); err != nil {
			panic(err)
		}
	} else if data, err := os.ReadFile(o.Path); err == nil {
		read := map[string]json.RawMessage{}
		_ = json.Unmarshal(data, &read) // a torn file reads as {}
		for key, raw := range read {
			if e := parseEntry(key, []byte(raw)); e.Type != Other {
				all[key] = raw
			}
		}
	}
	if o.Entry == nil {
		delete(all, o.Key)
	} else {
		all[o.Key] = o.Entry
	}
	data, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		panic(err)
	}
	o.write(data)
}

// write writes in place: open with O_TRUNC, write, chmod.
func (o order) write(data []byte) {
	f, err := os.OpenFile(o.Path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		panic(err)
	}
	if o.Die == "truncated" {
		os.Exit(9)
	}
	for end := time.Now().Add(time.Minute); o.Replaced && o.still(f); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			panic("the file was never replaced")
		}
	}
	half := len(data) / 2
	if _, err := f.Write(data[:half]); err != nil {
		panic(err)
	}
	if o.Die == "half" {
		os.Exit(9)
	}
	if _, err := f.Write(data[half:]); err != nil {
		panic(err)
	}
	_ = f.Close()
}

// still tells whether the file f has its name yet.
func (o order) still(f *os.File) bool {
	mine, err := f.Stat()
	if err != nil {
		panic(err)
	}
	there, err := os.Stat(o.Path)
	return err == nil && os.SameFile(mine, there)
}

// openCode is a running OpenCode process.
type openCode struct {
	t     testing.TB
	cmd   *exec.Cmd
	in    *json.Encoder
	close func() error
	out   *bufio.Scanner
}

// itself is the test binary in a role. A race detector that has nothing to say
// need not wait a second before it ends.
func itself(role string, env ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), roleVariable+"="+role, "GORACE=atexit_sleep_ms=0")
	cmd.Env = append(cmd.Env, env...)
	cmd.Stderr = os.Stderr
	return cmd
}

// startOpenCode starts one; content is its OPENCODE_AUTH_CONTENT, empty for none.
func startOpenCode(t testing.TB, content string) *openCode {
	t.Helper()
	cmd := itself(roleOpenCode, "OPENCODE_AUTH_CONTENT="+content)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	o := &openCode{t: t, cmd: cmd, in: json.NewEncoder(in), close: in.Close, out: bufio.NewScanner(out)}
	t.Cleanup(o.end)
	return o
}

// process identifies the running process.
func (o *openCode) process() procid.Process {
	p, err := procid.Of(o.cmd.Process.Pid)
	if err != nil {
		o.t.Fatal(err)
	}
	return p
}

// do has it carry out an order, and waits until it has.
func (o *openCode) do(r order) {
	o.t.Helper()
	o.begin(r)
	o.done()
}

func (o *openCode) begin(r order) {
	o.t.Helper()
	if err := o.in.Encode(r); err != nil {
		o.t.Fatal(err)
	}
}

func (o *openCode) done() {
	o.t.Helper()
	if !o.out.Scan() {
		o.t.Fatal("the OpenCode process ended")
	}
}

// end closes its input and waits for its end.
func (o *openCode) end() {
	if o.close != nil {
		_ = o.close()
		_ = o.cmd.Wait()
		o.close = nil
	}
}

// login has it store an entry.
func (o *openCode) login(p Place, key, entry string) {
	o.t.Helper()
	o.do(order{Path: p.AuthPath, Key: key, Entry: json.RawMessage(entry)})
}

func (o *openCode) logout(p Place, key string) {
	o.t.Helper()
	o.do(order{Path: p.AuthPath, Key: key})
}

// variable hands the place to the test binary in a role, and placeFromEnv
// takes it there.
func (p Place) variable() string {
	return "KYOLI_MIGRATE_TEST_PLACE=" + p.AuthPath + string(os.PathListSeparator) + p.StateDir
}

func placeFromEnv() Place {
	list := filepath.SplitList(os.Getenv("KYOLI_MIGRATE_TEST_PLACE"))
	return Place{AuthPath: list[0], StateDir: list[1]}
}

// supervisorMain is a kyoli exec: it begins a run, starts an OpenCode process
// on it with its own standard streams, and watches until it is killed or the
// child ends.
func supervisorMain() {
	p := placeFromEnv()
	ctx, cancel := context.WithCancel(context.Background())
	v := OpenVault(p.StateDir, p.AuthPath)
	content, _, run, err := v.Begin(ctx, RunInfo{Key: "openai", Access: "chosen-access", Expires: 4102444800000, AccountID: "acct"})
	if err != nil {
		panic(err)
	}
	cmd := itself(roleOpenCode, "OPENCODE_AUTH_CONTENT="+content)
	cmd.Stdin, cmd.Stdout = os.Stdin, os.Stdout
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	child, err := procid.Of(cmd.Process.Pid)
	if err != nil {
		panic(err)
	}
	if err := run.Attach(ctx, child); err != nil {
		panic(err)
	}
	watched := make(chan error, 1)
	go func() { watched <- run.Watch(ctx) }()
	_ = cmd.Wait()
	cancel()
	if err := errors.Join(<-watched, run.End(context.Background())); err != nil {
		panic(err)
	}
	os.Exit(0)
}

// startSupervisor starts one; its child obeys orders as startOpenCode's does.
func startSupervisor(t testing.TB, p Place) *openCode {
	t.Helper()
	cmd := itself(roleSupervisor, p.variable())
	// Files, so that the grandchild's life has nothing to do with Wait.
	stdin, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, stdout, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdin, cmd.Stdout = stdin, stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = stdin.Close()
	_ = stdout.Close()
	o := &openCode{t: t, cmd: cmd, in: json.NewEncoder(in), close: in.Close, out: bufio.NewScanner(out)}
	t.Cleanup(func() {
		o.end()
		_ = out.Close()
	})
	return o
}

// eventually waits until ok, and fails the test where that is never so.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !ok(); {
		if time.Now().After(end) {
			t.Fatalf("timed out: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// holds waits until auth.json has exactly these entries.
func (p Place) holds(t testing.TB, content string) {
	t.Helper()
	want := parsed(t, content)
	eventually(t, "auth.json holds "+content, func() bool {
		f, err := ReadAuth(p.AuthPath)
		return err == nil && f.Exists && f.equal(want)
	})
}

// noVault checks that nothing is left of the vaults.
func (p Place) noVault(t testing.TB) {
	t.Helper()
	if _, err := os.Stat(vaultDir(p.StateDir)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the vault's directory is still there (%v)", err)
	}
}

// secrets checks that no file under the state directory holds any of these.
func (p Place) noSecrets(t testing.TB, secrets ...string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(p.StateDir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(os.DirFS(p.StateDir), path)
		for _, s := range secrets {
			if strings.Contains(string(data), s) {
				t.Errorf("%s holds %s", path, s)
			}
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
