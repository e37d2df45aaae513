package portowner

import (
	"net"
	"os"
	"syscall"
	"testing"
)

func TestOfFindsThisProcess(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Logf("%s: %v", address, err) // no IPv6 here
			continue
		}
		defer l.Close()
		port := l.Addr().(*net.TCPAddr).Port
		owner, ok := Of(port)
		if !ok || owner.PID != os.Getpid() || owner.Name == "" {
			t.Errorf("%s: Of = %+v, %v; want this process %d", address, owner, ok, os.Getpid())
		}
	}
}

func TestOfAFreePort(t *testing.T) {
	// Bound, so that nobody else gets it, and not listened at.
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{}); err != nil {
		t.Fatal(err)
	}
	address, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	port := address.(*syscall.SockaddrInet4).Port
	if owner, ok := Of(port); ok {
		t.Errorf("Of a port that nobody listens at = %+v", owner)
	}
}

func TestListens(t *testing.T) {
	const line = "   0: 0100007F:05AF 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4242 1 0000000000000000 100 0 0 10 0"
	for _, tt := range []struct {
		name, line string
		port       int
		inode      string
		ok         bool
	}{
		{"listens", line, 1455, "4242", true},
		{"another port", line, 1456, "4242", false},
		{"a connection", "0: 0100007F:05AF 0100007F:0001 01 0:0 0:0 0 0 0 4242", 1455, "", false},
		{"the head", "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode", 1455, "", false},
		{"cut short", "0: 0100007F:05AF", 1455, "", false},
		{"empty", "", 1455, "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inode, ok := listens(tt.line, tt.port)
			if ok != tt.ok || ok && inode != tt.inode {
				t.Errorf("listens = %q, %v; want %q, %v", inode, ok, tt.inode, tt.ok)
			}
		})
	}
}

func FuzzListens(f *testing.F) {
	f.Add("0: 0100007F:05AF 00000000:0000 0A 0:0 0:0 0 0 0 4242", 1455)
	f.Fuzz(func(t *testing.T, line string, port int) {
		if inode, ok := listens(line, port); ok && (inode == "" || port < 0 || port > 0xffff) {
			t.Fatalf("listens(%q, %d) = %q", line, port, inode)
		}
	})
}
