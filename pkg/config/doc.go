// Package config finds kyoli's directory and reads and changes its settings:
// kyoli.yaml, and behind it the settings files of the npm plugins that use the
// same directory.
//
// It promises that nothing falls back silently: an unknown key, a wrong type or
// a value out of range is an error with file, line and the allowed values. A
// change keeps every comment and every other byte of the file it can, is
// durable, and never replaces a file that does not parse.
package config
