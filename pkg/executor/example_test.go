package executor_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/kyoli-gam/kyoli/pkg/claims"
	"github.com/kyoli-gam/kyoli/pkg/executor"
	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/provider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// A Go program that uses the accounts itself. Its requests need no credential.
func ExampleTransport() {
	registry, err := provider.Load(nil, "")
	if err != nil {
		panic(err)
	}
	adapter, err := registry.Get("anthropic")
	if err != nil {
		panic(err)
	}
	accounts := store.Open("/home/me/.config/opencode/"+adapter.AccountsFile, store.Options{})
	pool := manager.New(manager.Options{
		Adapter: adapter, Store: accounts, Claims: claims.Open(accounts.Path(), claims.Options{}), Client: &provider.Client{},
	})
	session := pool.Session(manager.SessionOptions{Holder: claims.Holder{ID: claims.NewSession(), Command: "mine"}})
	transport := &executor.Transport{Session: session, Adapter: adapter}
	defer transport.Close()
	defer func() { _ = session.Close(context.Background()) }()

	client := &http.Client{Transport: transport}
	res, err := client.Post(adapter.BaseURL+"/v1/messages", "application/json", strings.NewReader(`{"model":"…","messages":[]}`))
	if err != nil {
		fmt.Println(err) // such as *manager.NoUsableError: all accounts are limited
		return
	}
	defer func() { _ = res.Body.Close() }()
	fmt.Println(res.Status)
}
