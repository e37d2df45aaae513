// Command fakeprovider serves the tests' provider on loopback to a program of another
// module: it prints its URL, and ends with its stdin.
package main

import (
	"fmt"
	"io"
	"net/http/httptest"
	"os"

	"github.com/kyoli-gam/kyoli/internal/fakeprovider"
)

func main() {
	server := httptest.NewServer(fakeprovider.New(fakeprovider.Options{}))
	defer server.Close()
	fmt.Fprintln(os.Stdout, server.URL)
	_, _ = io.Copy(io.Discard, os.Stdin) // whoever started it is gone then
}
