package tool

import (
	"os/exec"
	"syscall"
)

// dieWithParent lets the kernel kill the program when wasmctl dies.
func dieWithParent(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
}
