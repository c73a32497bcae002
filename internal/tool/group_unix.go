//go:build unix

package tool

import (
	"os/exec"
	"syscall"
)

// ownGroup puts the program into a process group of its own. A Ctrl-C on the
// terminal then reaches wasmctl alone, which ends the group in its own order.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// ownSession cuts the program loose from the terminal, so that it outlives it.
func ownSession(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
}

// interruptGroup asks the program and its children to end.
func interruptGroup(cmd *exec.Cmd) error { return terminateGroup(cmd.Process.Pid) }

// terminateGroup asks the group that a process leads to end.
func terminateGroup(pid int) error { return syscall.Kill(-pid, syscall.SIGTERM) }

// killGroup kills the group that a process leads.
func killGroup(pid int) error { return syscall.Kill(-pid, syscall.SIGKILL) }
