package provider

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestSkew(t *testing.T) {
	for name, tt := range map[string]struct {
		ahead time.Duration
		get   bool // HEAD is refused, without a date
	}{
		"in step": {0, false}, "ahead": {time.Hour, false}, "behind": {-90 * time.Second, false}, "only GET": {time.Hour, true},
	} {
		t.Run(name, func(t *testing.T) {
			var methods []string
			now := time.Now() // stands still, however long it takes
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				methods = append(methods, r.Method)
				if r.Header.Get("Authorization") != "" || r.Header.Get("User-Agent") != "kyoli/1.2.3" {
					t.Errorf("headers %v", r.Header)
				}
				w.Header()["Date"] = nil
				if tt.get && r.Method == http.MethodHead {
					return
				}
				w.Header().Set("Date", now.Add(tt.ahead).UTC().Format(http.TimeFormat))
				w.WriteHeader(http.StatusMethodNotAllowed)
			})
			c := &Client{Version: "1.2.3", Now: func() time.Time { return now }}
			got, err := c.Skew(context.Background(), adapterAt(strings.Replace(s.URL, "http://", "http://user:secret@", 1)))
			if err != nil || (got-tt.ahead).Abs() > time.Second {
				t.Errorf("%s ahead, %v; want %s", got, err, tt.ahead)
			}
			if want := map[bool]string{false: "HEAD", true: "HEAD GET"}[tt.get]; strings.Join(methods, " ") != want {
				t.Errorf("asked with %q", methods)
			}
		})
	}
}

func TestSkewThatCannotBeTold(t *testing.T) {
	silent := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Header()["Date"] = nil })
	var followed bool
	elsewhere := serve(t, func(http.ResponseWriter, *http.Request) { followed = true })
	away := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Date"] = nil
		http.Redirect(w, r, elsewhere.URL, http.StatusFound)
	})
	for name, address := range map[string]string{"no date": silent.URL, "elsewhere": away.URL, "nobody there": nobodyListens, "none": "", "no address": ":"} {
		if got, err := (&Client{}).Skew(context.Background(), adapterAt(address)); err == nil || strings.Contains(err.Error(), "http://") {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	if followed {
		t.Error("a redirect was followed")
	}
}
