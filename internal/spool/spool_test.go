package spool_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/kyoli-gam/kyoli/internal/spool"
)

// source notes whether it was closed.
type source struct {
	io.Reader
	closed bool
}

func (s *source) Close() error {
	s.closed = true
	return nil
}

func random(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(n)})
	_, _ = r.Read(b)
	return b
}

func readAll(t *testing.T, b *spool.Body) []byte {
	t.Helper()
	r, err := b.Open()
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(iotest.OneByteReader(r))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestKept(t *testing.T) {
	limits := spool.Limits{Memory: 100, Most: 1000}
	for _, size := range []int{0, 1, 99, 100, 101, 102, 500, 999, 1000} {
		for _, known := range []bool{true, false} {
			l := limits
			l.Dir = t.TempDir()
			want := random(size)
			src := &source{Reader: iotest.HalfReader(bytes.NewReader(want))}
			said := int64(-1)
			if known {
				said = int64(size)
			}
			b, err := spool.New(src, said, l)
			if err != nil {
				t.Fatal(err)
			}
			if !b.Kept() || b.Size() != int64(size) || !src.closed || b.InMemory() != (size <= l.Memory) {
				t.Errorf("%d bytes (known: %v): kept %v, size %d, closed %v, in memory %v", size, known, b.Kept(), b.Size(), src.closed, b.InMemory())
			}
			for range 2 {
				if got := readAll(t, b); !bytes.Equal(got, want) {
					t.Errorf("%d bytes (known: %v): %d other bytes came back", size, known, len(got))
				}
			}
			if !bytes.HasPrefix(want, b.Head()) || len(b.Head()) > l.Memory+1 {
				t.Errorf("%d bytes: a head of %d", size, len(b.Head()))
			}
			b.Close()
			noFiles(t, l.Dir)
		}
	}
}

func noFiles(t *testing.T, dir string) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}

func TestTooLarge(t *testing.T) {
	for _, known := range []bool{true, false} {
		l := spool.Limits{Memory: 100, Most: 1000, Dir: t.TempDir()}
		want := random(1001)
		src := &source{Reader: bytes.NewReader(want)}
		said := int64(-1)
		if known {
			said = int64(len(want))
		}
		b, err := spool.New(src, said, l)
		if err != nil {
			t.Fatal(err)
		}
		if b.Kept() || b.Size() != said || b.InMemory() || src.closed {
			t.Errorf("known %v: kept %v, size %d, in memory %v, closed %v", known, b.Kept(), b.Size(), b.InMemory(), src.closed)
		}
		if got := readAll(t, b); !bytes.Equal(got, want) || !src.closed {
			t.Errorf("known %v: %d other bytes came back; closed %v", known, len(got), src.closed)
		}
		if _, err := b.Open(); !errors.Is(err, spool.ErrGone) {
			t.Errorf("a second reading: %v", err)
		}
		b.Close()
		noFiles(t, l.Dir)
	}
}

func TestNotReadIsClosed(t *testing.T) {
	src := &source{Reader: strings.NewReader(strings.Repeat("x", 20))}
	b, err := spool.New(src, 20, spool.Limits{Memory: 1, Most: 10})
	if err != nil {
		t.Fatal(err)
	}
	if b.Close(); !src.closed {
		t.Error("the source stays open")
	}
}

func TestNoBody(t *testing.T) {
	b, err := spool.New(nil, 0, spool.Limits{Memory: 1, Most: 1})
	if err != nil || b.Size() != 0 || len(readAll(t, b)) != 0 {
		t.Errorf("size %d, %v", b.Size(), err)
	}
}

func TestSourceFails(t *testing.T) {
	boom := errors.New("boom")
	for _, n := range []int{0, 50, 150} {
		l := spool.Limits{Memory: 100, Most: 1000, Dir: t.TempDir()}
		src := &source{Reader: io.MultiReader(bytes.NewReader(random(n)), iotest.ErrReader(boom))}
		if _, err := spool.New(src, -1, l); !errors.Is(err, boom) || !src.closed {
			t.Errorf("after %d bytes: %v, closed %v", n, err, src.closed)
		}
		noFiles(t, l.Dir)
	}
}

// TestHidden: while the body is in use nobody can find or open its file.
func TestHidden(t *testing.T) {
	l := spool.Limits{Memory: 1, Most: 1000, Dir: t.TempDir()}
	b, err := spool.New(io.NopCloser(bytes.NewReader(random(500))), -1, l)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if runtime.GOOS != "windows" {
		noFiles(t, l.Dir)
	}
}

func TestNoRoom(t *testing.T) {
	l := spool.Limits{Memory: 1, Most: 1000, Dir: filepath.Join(t.TempDir(), "missing")}
	if _, err := spool.New(io.NopCloser(bytes.NewReader(random(500))), -1, l); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// TestCloseWhileRead: a reader that is still at work when the body is let go reads on to the end.
func TestCloseWhileRead(t *testing.T) {
	l := spool.Limits{Memory: 100, Most: 1 << 20, Dir: t.TempDir()}
	want := random(1 << 18)
	b, err := spool.New(io.NopCloser(bytes.NewReader(want)), -1, l)
	if err != nil {
		t.Fatal(err)
	}
	var readers sync.WaitGroup
	for range 4 {
		r, err := b.Open()
		if err != nil {
			t.Fatal(err)
		}
		readers.Go(func() {
			got, err := io.ReadAll(r)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
			_ = r.Close()
		})
	}
	b.Close()
	readers.Wait()
	if _, err := b.Open(); !errors.Is(err, spool.ErrGone) {
		t.Errorf("opened after the end: %v", err)
	}
	noFiles(t, l.Dir)
}
