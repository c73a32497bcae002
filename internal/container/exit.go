package container

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ErrDiskFull says that a disk of the daemon has no room left.
var ErrDiskFull = errors.New("no space left on the disk of the container engine")

// ErrNoFolder says that a folder that was to be mounted is not there for the
// daemon: it runs on another machine, or in a container itself.
var ErrNoFolder = errors.New("the daemon does not see the folder")

// ExitError says that the program in a container did not end with code 0.
type ExitError struct {
	// Code is the exit code of the program.
	Code int
	// OutOfMemory is set when the memory limit of the container was hit and a
	// process killed for it.
	OutOfMemory bool
	// DiskFull is set when the program complained that a disk is full.
	DiskFull bool
	// Stopped is set when somebody else stopped the container.
	Stopped bool
}

func (e *ExitError) Error() string {
	switch {
	case e.OutOfMemory:
		return "killed by the memory limit of the container"
	case e.DiskFull:
		return fmt.Sprintf("exit code %d: no space left on the device", e.Code)
	case e.Stopped:
		return "the container was stopped from outside"
	}
	return fmt.Sprintf("exit code %d", e.Code)
}

// The exit codes by which the guard of a container says more than the program
// could. A program that ends with one of them has ended with guardOther.
const (
	guardMemory = 250
	guardOther  = 1
	// The codes of a shell for SIGTERM and SIGKILL, 128 plus the number.
	codeTerminated = 143
	codeKilled     = 137
)

// guard is the first process in a container that Run runs. It ends the
// container when its standard input does: that is held open by this process, and
// closed by the kernel and the daemon however this process ends. The program
// itself gets no input.
//
// After a failure it looks into the files of the container's control group,
// version 2 or 1, for processes that the memory limit has killed: compilers run
// other programs and end with a code of their own when one of those is killed.
const guard = `exec 3<&0 </dev/null
trap 'exit 143' TERM
{ cat <&3; kill -TERM $$; } >/dev/null 2>&1 &
"$@" 3<&- &
wait $!
code=$?
[ $code = 0 ] && exit 0
for file in /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control; do
  [ -r $file ] || continue
  while read -r name count; do
    if [ "$name" = oom_kill ] && [ "$count" != 0 ]; then exit 250; fi
  done <$file
done
[ $code = 250 ] && exit 1
exit $code
`

// guarded is the command line that runs a program under the guard.
func guarded(command []string) []string {
	return append([]string{"/bin/sh", "-c", guard, "wasmctl"}, command...)
}

// exitError explains the code of a container that ran under the guard.
func exitError(code int, diskFull bool) error {
	switch code {
	case 0:
		return nil
	case guardMemory:
		return &ExitError{Code: codeKilled, OutOfMemory: true}
	case codeTerminated, codeKilled:
		return &ExitError{Code: code, Stopped: true}
	}
	return &ExitError{Code: code, DiskFull: diskFull}
}

// full is what the C library, and with it every program, says of a full disk.
const full = "no space left on device"

// diskFull tells whether an error of the daemon speaks of a full disk.
func diskFull(err error) bool { return strings.Contains(strings.ToLower(err.Error()), full) }

// spotter passes text on and notices in it that a disk is full.
type spotter struct {
	to    io.Writer
	end   []byte // of the text so far
	found bool
}

func (s *spotter) Write(p []byte) (int, error) {
	if !s.found {
		s.end = append(s.end, bytes.ToLower(p)...)
		s.found = bytes.Contains(s.end, []byte(full))
		s.end = append(s.end[:0], s.end[max(0, len(s.end)-len(full)):]...)
	}
	if s.to == nil {
		return len(p), nil
	}
	return s.to.Write(p)
}
