//go:build !linux

package tool

import (
	"strconv"

	"github.com/shirou/gopsutil/v4/process"
)

// startOf returns the time at which a process started, in milliseconds since 1970.
func startOf(pid int) (string, error) {
	p, err := process.NewProcess(int32(pid))
	if err != nil {
		return "", err
	}
	created, err := p.CreateTime()
	return strconv.FormatInt(created, 10), err
}
