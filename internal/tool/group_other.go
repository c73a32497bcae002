//go:build !unix

package tool

import "os/exec"

// ownGroup does nothing where there are no process groups.
func ownGroup(*exec.Cmd) {}

// interruptGroup ends the program. Its children end when their pipes close.
func interruptGroup(cmd *exec.Cmd) error { return cmd.Process.Kill() }
