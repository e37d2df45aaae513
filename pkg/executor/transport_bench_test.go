package executor_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/kyoli-gam/kyoli/pkg/claims"
	"github.com/kyoli-gam/kyoli/pkg/executor"
	"github.com/kyoli-gam/kyoli/pkg/manager"
)

// Nearly every request is answered well by the first account: what is done for it is all that stands
// between a program and the provider.
func BenchmarkRoundTrip(b *testing.B) {
	answered := &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}}
	p := newPool(b, []string{"a", "b", "c"}, func(_ *manager.Options, o *manager.SessionOptions, t *executor.Transport) {
		o.Holder.ID = claims.NewSession()
		t.Observe = nil
		t.Base = tripper(func(r *http.Request) (*http.Response, error) {
			_, _ = io.Copy(io.Discard, r.Body)
			res := *answered
			res.Body = http.NoBody
			return &res, nil
		})
	})
	for b.Loop() {
		req := p.request(b.Context(), `{"model":"m","input":"hello"}`, "User-Agent", "me/1", "Content-Type", "application/json",
			"Accept", "*/*", "Accept-Encoding", "gzip", "X-Session-Id", "1")
		req.Body = io.NopCloser(strings.NewReader(`{"model":"m","input":"hello"}`))
		res, err := p.RoundTrip(req)
		if err != nil {
			b.Fatal(err)
		}
		_ = res.Body.Close()
	}
	b.ReportAllocs()
}
