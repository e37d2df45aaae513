//go:build race

package e2e_test

// raceFlag builds kyoli as the tests themselves are built.
const raceFlag = "-race"
