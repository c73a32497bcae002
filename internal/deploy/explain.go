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

// cause is a line of Envoy's log by which a failure is told. In reason, $1 and
// $2 are what the expression found, and FILTER is the filter it is about.
type cause struct{ expression, reason, next string }

// causes are the failures that are known, the most telling first.
func causes() []cause {
	const tryLocally = "try it with 'wasmctl run', which shows more of what a filter does"
	const configuration = "check the filter's configuration; its own log lines, if any, say what is wrong"
	const another = "choose another Envoy with --envoy-path or --envoy-image"
	return []cause{
		{`Function: (\S+) failed: (.*)`, "FILTER trapped in $1: $2", tryLocally},
		{`missing import: (\S+)`, "FILTER needs the import $1, which Envoy does not offer", "see 'wasmctl inspect' for what the module imports"},
		{`Failed to load Wasm (?:module|code|bytecode)(.*)`, "Envoy cannot load the module of FILTER$1", "see 'wasmctl inspect' for what the module is"},
		{`Failed to configure .*plugin`, "FILTER refused its configuration", configuration},
		{`Failed to start .*(?:VM|plugin)`, "FILTER refused to start its VM", tryLocally},
		{`cannot bind '([^']+)': ([^` + "`" + `]*)`, "cannot listen on $1: $2", "choose other addresses with --listen and --admin"},
		{`Unable to create Wasm plugin`, "Envoy refused FILTER", tryLocally},
		{`(?:critical|error) (error .*) initializing config`, "$1", ""},
		{`(error while loading shared libraries: .*)`, "$1", another},
		{`(version .GLIBC\S+ not found)`, "this Envoy does not fit the system: $1", another},
	}
}

// explain picks what matters out of a log: the filters' own lines, what Envoy
// calls an error, and what belongs to neither because it has no level.
func explain(lines []string) explanation {
	var e explanation
	var told []string // what filters write is no evidence
	for _, line := range lines {
		if telling(line) {
			e.lines = append(e.lines, shorten(line))
		}
		if !isFilterLine(line) {
			told = append(told, line)
		}
	}
	if extra := len(e.lines) - maxExplanation; extra > 0 {
		e.lines = e.lines[extra:]
	}
	filter := failedFilter(told)
	for _, c := range causes() {
		if reason, ok := c.match(told); ok {
			e.reason, e.next = strings.ReplaceAll(reason, "FILTER", filter), c.next
			return e
		}
	}
	return e
}

// match looks for the cause and completes its reason.
func (c cause) match(lines []string) (reason string, ok bool) {
	expression := regexp.MustCompile(c.expression)
	for _, line := range lines {
		if found := expression.FindStringSubmatchIndex(line); found != nil {
			return strings.TrimSpace(string(expression.ExpandString(nil, c.reason, line, found))), true
		}
	}
	return "", false
}

// failedFilter names the filter that Envoy says it could not load. It does not
// say when it happens in a worker.
func failedFilter(lines []string) string {
	expression := regexp.MustCompile(`Unable to create Wasm plugin ([^` + "`" + `]+)`)
	for _, line := range lines {
		if found := expression.FindStringSubmatch(line); found != nil {
			return "filter " + strings.TrimSpace(found[1])
		}
	}
	return "a filter"
}

// telling tells whether a line helps to understand a failure.
func telling(line string) bool {
	e, ok := parseEntry(line)
	if !ok {
		return strings.TrimSpace(line) != ""
	}
	if strings.HasPrefix(e.text, "Plugin configured to fail") { // says less than the line before
		return false
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

// failedVM tells whether Envoy says that a VM failed.
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
