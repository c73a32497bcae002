//go:build !linux

package registry

import "testing"

func asNobody(t *testing.T, dir string) {
	t.Helper()
	makeReadOnly(t, dir)
}
