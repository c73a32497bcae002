//go:build !unix

package tool

import (
	"os"
	"os/exec"
)

// ownGroup does nothing where there are no process groups.
func ownGroup(*exec.Cmd) {}

// ownSession does nothing where there are no sessions.
func ownSession(*exec.Cmd) {}

// interruptGroup ends the program. Its children end when their pipes close.
func interruptGroup(cmd *exec.Cmd) error { return cmd.Process.Kill() }

// terminateGroup is killGroup: a program cannot be asked to end here.
func terminateGroup(pid int) error { return killGroup(pid) }

// killGroup ends a process.
func killGroup(pid int) error {
	p, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	return p.Kill()
}
