package tool

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
)

// errZombie says that a process has ended and only waits to be reaped.
var errZombie = errors.New("process has ended")

// startOf returns the boot id and the clock tick of the start of a process,
// field 22 of /proc/PID/stat, see proc_pid_stat(5).
func startOf(pid int) (string, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", err
	}
	// The command name, field 2, is in parentheses and may hold anything. After
	// it come the state, field 3, and the rest.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	const stateField, startField = 0, 19
	if len(fields) <= startField {
		return "", fmt.Errorf("unexpected /proc/%d/stat", pid)
	}
	if state := fields[stateField][0]; state == 'Z' || state == 'X' {
		return "", errZombie
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(boot)) + "/" + string(fields[startField]), nil
}
