package executor

import (
	"bytes"
	"io"

	"github.com/kyoli-gam/kyoli/internal/rawjson"
	"github.com/kyoli-gam/kyoli/internal/spool"
)

// withModel returns a request's body with another model in it, and every other byte as it was. False
// is returned where that cannot be: the body is no JSON object with a model, or was not kept.
func withModel(body *spool.Body, model string) ([]byte, bool) {
	text := body.Head()
	if !body.InMemory() {
		if !body.Kept() {
			return nil, false
		}
		r, err := body.Open()
		if err != nil {
			return nil, false
		}
		text, err = io.ReadAll(r)
		if cerr := r.Close(); err != nil || cerr != nil {
			return nil, false
		}
	}
	object, err := rawjson.ParseObject(text)
	if err != nil {
		return nil, false
	}
	if _, ok := object.Get("model"); !ok {
		return nil, false
	}
	if err := object.Set("model", model); err != nil {
		return nil, false
	}
	return object.Bytes(), true
}

// source is where a try's body comes from.
type source struct {
	size int64 // -1 = not known
	kept bool  // it can be opened more than once
	open func() (io.ReadCloser, error)
}

// source returns the body for an account that is to be used with a model; the empty one leaves it.
func (r *request) source(model string) source {
	if model != "" {
		if changed, ok := withModel(r.body, model); ok {
			return source{size: int64(len(changed)), kept: true, open: func() (io.ReadCloser, error) {
				return io.NopCloser(bytes.NewReader(changed)), nil
			}}
		}
	}
	return source{size: r.body.Size(), kept: r.body.Kept(), open: r.body.Open}
}
