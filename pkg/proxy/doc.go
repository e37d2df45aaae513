// Package proxy lets programs call the APIs of AI providers without having a
// credential of theirs: a program knows a secret of the proxy, and what it asks for
// is carried by an http.RoundTripper that has the credentials, one for each
// provider.
//
// It promises that nobody without a secret gets anything but "yes, I am here"; that
// secrets are compared in constant time and appear in no log, error or metric; that
// a page in a browser cannot use it, whatever a name resolves to; that credentials
// and cookies end at it in both directions; that nothing but the paths of an
// upstream is forwarded; and that streams pass unbuffered.
//
// A program names the provider by the first element of the path, and brings its
// secret as a bearer token or in x-api-key, or as an element of the path before it:
//
//	/openai/responses                  Authorization: Bearer kyr_…
//	/kyr_…/openai/responses
package proxy
