package deploy

import (
	"regexp"
	"strings"

	"github.com/wasmctl/wasmctl/internal/hint"
)

// maxExplanation is how many lines of Envoy's log an error carries at most.
const maxExplanation = 20

// explanation is what Envoy's log says about a failure.
type explanation struct {
	// reason is the cause in one phrase, "" when the log shows none that is known.
	reason string
	// next is what the user may do about it.
	next string
	// lines are those that belong to it.
	lines []string
}

// causes are the lines of Envoy's log by which known failures are told, the
// most telling first. $1 and $2 are what the expression found.
func causes() []struct{ expression, reason, next string } {
	const tryLocally = "try it with 'wasmctl run', which shows more of what a filter does"
	const configuration = "check the filter's configuration; its log lines above may say what is wrong"
	return []struct{ expression, reason, next string }{
		{`Function: (\S+) failed: (.*)`, "the filter trapped in $1: $2", tryLocally},
		{`missing import: (\S+)`, "Envoy does not offer the import $1", "see 'wasmctl inspect' for what the module imports"},
		{`Failed to load Wasm (?:module|code|bytecode)(.*)`, "Envoy cannot load the module$1", "see 'wasmctl inspect' for what the module is"},
		{`Failed to configure .*plugin`, "the filter refused its configuration", configuration},
		{`Failed to start .*(?:VM|plugin)`, "the filter's VM did not start", tryLocally},
		{`cannot bind '([^']+)': (.*)`, "cannot listen on $1: $2", "choose other addresses with --listen and --admin"},
		{`Unable to create Wasm plugin (\S+)`, "Envoy refused the filter $1", tryLocally},
		{`(?:critical|error) (error .*) initializing config`, "$1", ""},
		{`(error while loading shared libraries: .*)`, "$1", "choose another Envoy with --envoy-path or --envoy-image"},
		{`(version .GLIBC\S+ not found)`, "this Envoy does not fit the system: $1", "choose another Envoy with --envoy-path or --envoy-image"},
	}
}

// explain picks what matters out of a log: the filters' own lines, what Envoy
// calls an error, and what belongs to neither because it has no level.
func explain(lines []string) explanation {
	var e explanation
	for _, line := range lines {
		if telling(line) {
			e.lines = append(e.lines, shorten(line))
		}
	}
	if extra := len(e.lines) - maxExplanation; extra > 0 {
		e.lines = e.lines[extra:]
	}
	for _, c := range causes() {
		expression := regexp.MustCompile(c.expression)
		for _, line := range lines {
			found := expression.FindStringSubmatchIndex(line)
			if found == nil || isFilterLine(line) {
				continue
			}
			e.reason = strings.TrimSpace(string(expression.ExpandString(nil, c.reason, line, found)))
			e.next = c.next
			return e
		}
	}
	return e
}

// telling tells whether a line helps to understand a failure.
func telling(line string) bool {
	e, ok := parseEntry(line)
	if !ok {
		return strings.TrimSpace(line) != ""
	}
	return e.fromFilter() || e.level == "error" || e.level == "critical"
}

func isFilterLine(line string) bool {
	e, ok := parseEntry(line)
	return ok && e.fromFilter()
}

// shorten cuts what Envoy repeats of the whole configuration in its message.
func shorten(line string) string {
	short, _, _ := strings.Cut(line, " initializing config '")
	return short
}

// failedVM returns the first line by which Envoy says that a VM failed.
func failedVM(lines []string) bool {
	for _, line := range lines {
		if e, ok := parseEntry(line); ok && !e.fromFilter() && strings.HasPrefix(e.text, "Wasm VM failed") {
			return true
		}
	}
	return false
}

// startError makes the error of a start that failed. reason stands where the
// log tells no better one.
func startError(reason string, lines []string, cause error) error {
	e := explain(lines)
	if e.reason != "" {
		reason = e.reason
	}
	err := error(&StartError{Reason: reason, Log: e.lines, Err: cause})
	if e.next == "" {
		return err
	}
	return hint.Wrap(err, e.next)
}
