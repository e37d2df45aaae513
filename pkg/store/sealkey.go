package store

import (
	"errors"

	"github.com/kyoli-gam/kyoli/internal/seal"
)

// isKeyError says whether an error is that the key of sealed tokens is not to be had.
func isKeyError(err error) bool {
	var key *seal.KeyError
	return errors.As(err, &key)
}
