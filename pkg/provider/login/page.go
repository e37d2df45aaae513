package login

import (
	"errors"
	"fmt"
	"html"
	"net/http"
)

// page is what the browser shows: plain, and with nothing from elsewhere.
type page struct {
	Title, Text string
	code        int // HTTP status, 0 = 200
}

var refused = page{
	Title: "This is not the login that kyoli is waiting for",
	Text:  "Nothing was done. The login goes on in the browser page that kyoli opened; if that is gone, begin again in the terminal.",
}

func (p page) status() int {
	if p.code == 0 {
		return http.StatusOK
	}
	return p.code
}

func (c *Callback) resultPage(who string, err error) page {
	if err != nil {
		return page{
			Title: "The login did not work",
			Text:  "The terminal says why, and what to do. You can close this page.",
			code:  http.StatusBadGateway,
		}
	}
	text := "You can close this page and go back to the terminal."
	if who != "" {
		return page{Title: "Logged in as " + who, Text: text}
	}
	return page{Title: "Logged in", Text: text}
}

func declinedPage(err error) page {
	var denied *DeniedError
	text := "No account was added or changed. You can close this page; to try again, begin again in the terminal."
	if errors.As(err, &denied) && denied.Reason != "" {
		text = denied.Reason + ". " + text
	}
	return page{Title: "The login was declined", Text: text}
}

const layout = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>kyoli: %[1]s</title>
<style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:15vh auto;padding:0 1rem;color:#222;background:#fff}@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}}</style>
<h1>%[1]s</h1>
<p>%[2]s</p>
`

func write(w http.ResponseWriter, status int, p page) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, layout, html.EscapeString(p.Title), html.EscapeString(p.Text)) // a browser that is gone needs no page
}
