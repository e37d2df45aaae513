package filelock

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/kyoli-gam/kyoli/internal/filelock/plugintest"
)

// rounds is how often each process of TestManyProcesses adds one.
const rounds = 10

func init() {
	children["try"] = childTry
	children["hold"] = childHold
	children["hold in directory"] = childHoldInDirectory
	children["add"] = childAdd
	children["add as plugin"] = func(path string) error { return pluginAdds(path, false) }
	children["add as new plugin"] = func(path string) error { return pluginAdds(path, true) }
}

// childTry says whether the flock is free.
func childTry(path string) error {
	l, ok, err := TryAcquire(context.Background(), path, Options{})
	if err != nil {
		return err
	}
	if !ok {
		fmt.Println("locked")
		return nil
	}
	fmt.Println("free")
	return l.Release()
}

// childHold holds the flock until it is killed or told to stop.
func childHold(path string) error {
	return hold(path, Options{})
}

func childHoldInDirectory(path string) error {
	return hold(path, Options{PluginDir: true})
}

func hold(path string, o Options) error {
	l, err := Acquire(context.Background(), path, o)
	if err != nil {
		return err
	}
	fmt.Println("holding")
	var line string
	_, _ = fmt.Scanln(&line)
	var lost *LostError
	if o.PluginDir && errors.As(l.Held(), &lost) {
		fmt.Println("lost")
		_ = l.LeaveDir() // the same again
		if err := l.EnterDir(context.Background()); err != nil {
			return err
		}
		fmt.Println("entered again")
	}
	return l.Release()
}

// childAdd adds one to the number in a file, as kyoli does: both locks, and the directory late and short.
func childAdd(path string) error {
	for range rounds {
		if err := addOne(path); err != nil {
			return err
		}
	}
	return nil
}

func addOne(path string) error {
	l, err := Acquire(context.Background(), path, Options{Timeout: time.Minute})
	if err != nil {
		return err
	}
	for {
		if err = l.EnterDir(context.Background()); err != nil {
			break
		}
		err = errors.Join(rewrite(path, l.Held), l.LeaveDir())
		var lost *LostError
		if !errors.As(err, &lost) {
			break
		}
	}
	return errors.Join(err, l.Release())
}

func rewrite(path string, check func() error) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if data, err = increment(data); err != nil {
		return err
	}
	temp := fmt.Sprintf("%s.%d.tmp", path, os.Getpid())
	if err := os.WriteFile(temp, data, 0o600); err != nil {
		return err
	}
	if err := check(); err != nil {
		return err
	}
	return os.Rename(temp, path)
}

func increment(data []byte) ([]byte, error) {
	n, err := strconv.Atoi(strings.TrimSpace(string(data)))
	return []byte(strconv.Itoa(n+1) + "\n"), err
}

// pluginAdds adds one as the npm plugins do, and counts those that it gave up.
func pluginAdds(path string, markers bool) error {
	gaveUp := 0
	for range rounds {
		err := plugintest.Plugin{Markers: markers}.Update(path, increment)
		switch {
		case errors.Is(err, plugintest.ErrGaveUp):
			gaveUp++
		case err != nil:
			return err
		}
	}
	fmt.Println(gaveUp)
	return nil
}
