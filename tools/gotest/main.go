// Command gotest runs go test and prints what go test prints without -v, with
// three additions: the skipped tests by name, a last line that counts the tests,
// and exit code 1 when a test was skipped although CI=true says that none may be.
//
//	gotest [-C DIR] -- GO TEST ARGUMENTS
//
// The additions need to know of each test, for which plain go test must be
// verbose; a log of a thousand passed tests is one that nobody reads.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
)

func main() {
	dir := flag.String("C", ".", "run in `DIR`")
	flag.Parse()
	code, err := run(*dir, flag.Args(), os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "gotest:", err)
	}
	os.Exit(code)
}

// run runs go test with args in dir and returns the exit code.
func run(dir string, args []string, out io.Writer) (int, error) {
	cmd := exec.Command("go", append([]string{"test", "-json"}, args...)...)
	cmd.Dir = dir
	cmd.Stderr = os.Stderr
	events, err := cmd.StdoutPipe()
	if err != nil {
		return 1, err
	}
	if err := cmd.Start(); err != nil {
		return 1, err
	}
	s := newSummary(out)
	readErr := s.read(events)
	exit := (*exec.ExitError)(nil)
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		return 1, err
	}
	s.print()
	switch {
	case readErr != nil:
		return 1, readErr
	case exit != nil:
		return exit.ExitCode(), nil
	case s.passed == 0:
		return 1, errors.New("no test was run")
	case len(s.skipped) > 0 && os.Getenv("CI") == "true":
		return 1, fmt.Errorf("%d tests were skipped, and CI=true allows none", len(s.skipped))
	}
	return 0, nil
}
