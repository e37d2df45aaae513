package store

import "github.com/go-json-experiment/json/jsontext"

// entry is one element of the file's accounts.
type entry struct {
	raw    jsontext.Value
	was    Account // as it was read
	noUUID bool    // was.UUID is derived
}

// document is the content of an account file.
type document struct {
	raw     []byte
	entries []entry
}
