package container

import (
	"bytes"
	"crypto/rand"
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

// guard is the first process in a container that Run runs. It ends the
// container when its standard input does: that is held open by this process, and
// closed by the kernel and the daemon however this process ends. The program
// itself gets no input.
//
// At the end it reports, on standard error behind a mark that is its $0, the
// program's exit code and how many processes the memory limit has killed, from
// the files of the container's control group, version 2 or 1. Compilers run other
// programs and end with a code of their own when one of those is killed; and
// Podman does not tell the code of a container that it has removed already.
const guard = `exec 3<&0 </dev/null
trap 'exit 143' TERM
{ cat <&3; kill -TERM $$; } >/dev/null 2>&1 &
"$@" 3<&- &
wait $!
code=$?
killed=0
for file in /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control; do
  [ -r $file ] || continue
  while read -r name count; do
    [ "$name" = oom_kill ] && killed=$count
  done <$file
done
printf '\036%s %d %d\n' "$0" $code $killed >&2
exit $code
`

// guarded is the command line that runs a program under the guard. The mark is
// nothing that a program would print.
func guarded(command []string) (args []string, mark string) {
	mark = rand.Text()
	return append([]string{"/bin/sh", "-c", guard, mark}, command...), mark
}

// report takes the report of the guard out of what a container writes on
// standard error, and passes everything else on as it comes.
type report struct {
	to   io.Writer
	mark string // with the byte before it
	held []byte
	here bool // held begins with the mark
}

func newReport(to io.Writer, mark string) *report { return &report{to: to, mark: "\x1e" + mark} }

func (r *report) Write(p []byte) (int, error) {
	r.held = append(r.held, p...)
	if r.here {
		return len(p), nil
	}
	end := bytes.Index(r.held, []byte(r.mark))
	if r.here = end >= 0; !r.here {
		end = len(r.held) - r.begun()
	}
	_, err := r.to.Write(r.held[:end])
	r.held = append(r.held[:0], r.held[end:]...)
	return len(p), err
}

// begun returns how much at the end of what is held may be the mark's beginning.
func (r *report) begun() int {
	for n := min(len(r.held), len(r.mark)-1); n > 0; n-- {
		if strings.HasPrefix(r.mark, string(r.held[len(r.held)-n:])) {
			return n
		}
	}
	return 0
}

// exitError explains how a container ended; full tells that its program wrote of
// a full disk. Without a report the guard was killed.
func (r *report) exitError(status int, full bool) error {
	var code, killed int
	if !r.here {
		return &ExitError{Code: status, Stopped: true}
	}
	if _, err := fmt.Sscanf(string(r.held[len(r.mark):]), "%d %d", &code, &killed); err != nil {
		return &ExitError{Code: status, Stopped: true}
	}
	if code == 0 {
		return nil
	}
	return &ExitError{Code: code, OutOfMemory: killed > 0, DiskFull: full && killed == 0}
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
