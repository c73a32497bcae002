package build

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/wasmctl/wasmctl/internal/hint"
)

// proxies are the proxy variables of the caller. Programs differ in which case
// they read: each gets both.
func (b *builder) proxies() map[string]string {
	values := map[string]string{}
	for _, name := range []string{"http_proxy", "https_proxy", "no_proxy", "all_proxy"} {
		value := b.getenv(name)
		if value == "" {
			value = b.getenv(strings.ToUpper(name))
		}
		if value != "" {
			values[name], values[strings.ToUpper(name)] = value, value
		}
	}
	return values
}

// networkEnv is the environment of a step that fetches: proxies, and where the
// caller's package managers get their packages from.
func (b *builder) networkEnv() []string {
	var env []string
	for name, value := range b.proxies() {
		env = append(env, name+"="+value)
	}
	for _, name := range []string{
		"GOPROXY", "GOSUMDB", "GOPRIVATE", "GONOSUMDB", "GONOPROXY", "GOINSECURE",
		"NPM_CONFIG_REGISTRY", "npm_config_registry",
	} {
		if value := b.getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	for _, variable := range append(os.Environ(), b.job.env...) {
		if strings.HasPrefix(variable, "CARGO_REGISTR") || strings.HasPrefix(variable, "CARGO_NET_") {
			env = append(env, variable)
		}
	}
	return env
}

// caFile returns the bundle of certificates for the container; "" is none. What
// SSL_CERT_FILE names need not be there: nobody has asked for it here.
func (b *builder) caFile() (string, error) {
	file := b.options.Container.CAFile
	if file == "" {
		file = b.getenv("SSL_CERT_FILE")
		if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
			return "", nil
		}
	}
	file, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(file)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no file", file)
	}
	if err != nil {
		return "", hint.Wrap(fmt.Errorf("certificates of --ca-file: %w", err), "name a file in PEM format")
	}
	return file, nil
}

// caEnv tells the programs of all languages where the bundle is: Go and OpenSSL,
// curl, node, npm, cargo, git.
func (b *builder) caEnv() []string {
	if file, err := b.caFile(); err != nil || file == "" {
		return nil // plan has complained
	}
	var env []string
	for _, name := range []string{
		"SSL_CERT_FILE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "npm_config_cafile", "CARGO_HTTP_CAINFO", "GIT_SSL_CAINFO",
	} {
		env = append(env, name+"="+caPath)
	}
	return env
}
