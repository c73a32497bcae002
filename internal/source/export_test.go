package source

import "net/http"

// TrustFor gives the resolver the certificates of a test server, with the
// resolver's own rules for redirects.
func TrustFor(r *Resolver, c *http.Client) {
	c.CheckRedirect = checkRedirect
	r.Client = c
}
