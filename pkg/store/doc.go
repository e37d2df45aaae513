// Package store keeps the accounts of one provider in a file that the npm plugins opencode-codex-multi-account and
// opencode-anthropic-multi-account (opencode-multi-account-core, "the plugin" below) use at the same time.
//
// Promises: fields that it does not know survive byte for byte; a file that it cannot read wholly is never
// overwritten; nothing is written that the plugin's schema rejects; after a crash at any moment the file holds the
// old content or the new; of two changes at the same time, by kyoli's processes or by the plugin, none is lost; a
// refresh token that was spent is on disk together with what it was spent for.
package store
