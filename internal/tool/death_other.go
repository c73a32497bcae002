//go:build !linux

package tool

import "os/exec"

// dieWithParent does nothing where the kernel offers no such bond.
func dieWithParent(*exec.Cmd) {}
