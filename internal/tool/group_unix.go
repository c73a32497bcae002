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

// interruptGroup asks the program and its children to end.
func interruptGroup(cmd *exec.Cmd) error {
	return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
}
