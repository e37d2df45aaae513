// Package rawjson changes members of a JSON document and keeps every byte that it was not asked to change: member
// order, white space, escapes and the spelling of numbers.
//
// Parsing is strict (RFC 8259 with the demands of RFC 7493 on UTF-8 and on unique names, at every level), because a
// document that two parsers read differently must not be rewritten. What is handed out shares memory with the input,
// which must not be changed while the document is in use.
package rawjson
