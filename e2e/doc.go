// Package e2e holds the end-to-end tests: testscripts (testdata/script) that use
// the built kyoli as a user does, real processes on real files, against the
// provider of internal/fakeprovider on loopback. They promise to need no
// network, no account and no home directory but their own. KYOLI_E2E_ROUNDS has
// the crowds of processes come whole, and so often. With the build tag
// "opencode" the scripts in testdata/opencode run the real OpenCode too;
// scripts/e2e-opencode fetches it and sets that up.
package e2e
