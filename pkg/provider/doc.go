// Package provider knows the services that issue and accept credentials: their
// endpoints (adapters, as data), how a refresh token is exchanged for an access
// token, what its usage and profile endpoints say, and what the answers mean.
//
// It promises that a token is sent to https or to loopback only, is never
// redirected, and that no request takes longer than its deadline; that the
// caller of a token request learns whether it may have reached the provider (a
// refresh token is spent by using it); that one odd answer never reads as a dead
// account; and that no token appears in an error. It keeps no state and touches
// no file.
package provider
