package termtext

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestCut(t *testing.T) {
	for _, c := range []struct {
		in    string
		width int
		want  string
	}{
		{"work", 4, "work"},
		{"working", 4, "wor…"},
		{"working", 1, "…"},
		{"working", 0, ""},
		{"山田太郎", 8, "山田太郎"},
		{"山田太郎", 7, "山田太…"},
		{"山田太郎", 6, "山田…"},
		{"", 0, ""},
	} {
		if got := Cut(c.in, c.width); got != c.want {
			t.Errorf("Cut(%q, %d) = %q, want %q", c.in, c.width, got, c.want)
		}
	}
}

func TestCutNeverExceeds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Clean(rapid.String().Draw(t, "s"))
		width := rapid.IntRange(0, 20).Draw(t, "width")
		if got := Width(Cut(s, width)); got > width {
			t.Fatalf("Cut(%q, %d) is %d wide", s, width, got)
		}
	})
}

func TestBar(t *testing.T) {
	for _, c := range []struct {
		percent float64
		want    string
	}{
		{0, "░░░░░░░░░░"},
		{-5, "░░░░░░░░░░"},
		{math.NaN(), "░░░░░░░░░░"},
		{0.1, "█░░░░░░░░░"},
		{42, "████░░░░░░"},
		{99.9, "█████████░"},
		{100, "██████████"},
		{1e300, "██████████"},
		{math.Inf(1), "██████████"},
	} {
		if got := Bar(c.percent, 10); got != c.want {
			t.Errorf("Bar(%v) = %s, want %s", c.percent, got, c.want)
		}
	}
	if got := Bar(50, 0); got != "" {
		t.Errorf("Bar of no width = %q", got)
	}
}

func TestIn(t *testing.T) {
	for _, c := range []struct {
		d    time.Duration
		want string
	}{
		{0, "now"},
		{900 * time.Millisecond, "now"},
		{-900 * time.Millisecond, "now"},
		{45 * time.Second, "in 45s"},
		{59*time.Second + 600*time.Millisecond, "in 1m"},
		{5 * time.Minute, "in 5m"},
		{59*time.Minute + 40*time.Second, "in 1h"},
		{2*time.Hour - time.Minute, "in 2h"},
		{47 * time.Hour, "in 47h"},
		{48 * time.Hour, "in 2d"},
		{8 * 24 * time.Hour, "in 8d"},
		{-3 * 24 * time.Hour, "3d ago"},
		{-90 * time.Second, "2m ago"},
		{math.MaxInt64, "in 106751d"},
	} {
		if got := In(c.d); got != c.want {
			t.Errorf("In(%s) = %q, want %q", c.d, got, c.want)
		}
	}
}

func TestBarKeepsItsWidth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(0, 30).Draw(t, "width")
		bar := Bar(rapid.Float64().Draw(t, "percent"), width)
		if got := strings.Count(bar, "") - 1; got != width {
			t.Fatalf("a bar of width %d has %d marks", width, got)
		}
	})
}
