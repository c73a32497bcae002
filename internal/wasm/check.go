package wasm

import (
	"fmt"
	"strings"

	"github.com/wasmctl/wasmctl/internal/hint"
)

// Problem is one reason for which a host refuses a module, or one remark about
// a module that it takes.
type Problem struct {
	Reason string `json:"reason"`
	// Hint is the next step for the user.
	Hint string `json:"hint"`
	// Err is the cause for errors.Is and errors.As; nil when there is none.
	Err error `json:"-"`
}

// CheckError lists all reasons for which Envoy refuses a module.
type CheckError struct {
	Problems []Problem `json:"problems"`
}

// Error names one problem in a line, several in a list.
func (e *CheckError) Error() string {
	if len(e.Problems) == 1 {
		return "Envoy would refuse the module: " + e.Problems[0].Reason
	}
	lines := []string{"Envoy would refuse the module:"}
	for _, p := range e.Problems {
		lines = append(lines, "  - "+p.Reason)
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the problems with their hints.
func (e *CheckError) Unwrap() []error {
	errs := make([]error, len(e.Problems))
	for i, p := range e.Problems {
		cause := p.Err
		if cause == nil {
			cause = fmt.Errorf("%s", p.Reason)
		}
		errs[i] = hint.Wrap(cause, p.Hint)
	}
	return errs
}

// Check returns nil when Envoy loads m, as far as can be told without running
// or validating code; else *CheckError with everything that is wrong.
func Check(m *Module) error {
	if problems := CheckHost(m, EnvoyProfile()).Problems; len(problems) > 0 {
		return &CheckError{Problems: problems}
	}
	return nil
}

// Warnings returns what the author of a module that Envoy loads should know:
// Envoy's remarks, and for each other host of Profiles that would refuse the
// module its reasons. A module of the usual compilers and SDKs has none.
func Warnings(m *Module) []Problem {
	var warnings []Problem
	for _, p := range Profiles() {
		v := CheckHost(m, p)
		if p.Host == HostEnvoy {
			warnings = append(warnings, v.Remarks...)
		}
		for _, problem := range v.Problems {
			problem.Reason = p.Name + " would refuse the module: " + problem.Reason
			warnings = append(warnings, problem)
		}
	}
	return warnings
}

// Judgement is the verdict in a word.
type Judgement string

// The judgements.
const (
	Loads            Judgement = "loads"
	LoadsWithRemarks Judgement = "loads with remarks"
	Refuses          Judgement = "refuses"
)

// Verdict is what a host says of a module.
type Verdict struct {
	Host Host `json:"host"`
	// Name and Version are those of the host's profile.
	Name      string    `json:"name"`
	Version   string    `json:"version"`
	Engine    string    `json:"engine"`
	Judgement Judgement `json:"verdict"`
	// Problems are the reasons for which the host refuses the module.
	Problems []Problem `json:"problems"`
	// Remarks are what may go wrong although the host loads the module.
	Remarks []Problem `json:"remarks"`
}

// CheckHost compares m with what a host takes. It neither runs nor validates the
// code: a module with an error in its code, which no compiler writes, is refused
// by hosts and not found here.
func CheckHost(m *Module, p Profile) Verdict {
	c := &checker{m: m, p: &p, v: Verdict{
		Host: p.Host, Name: p.Name, Version: p.Version, Engine: p.Engine, Problems: []Problem{}, Remarks: []Problem{},
	}}
	c.abi()
	c.imports()
	c.memory()
	c.allocator()
	c.callbacks()
	c.start()
	c.sizes()
	c.features()
	c.names()
	switch {
	case len(c.v.Problems) > 0:
		c.v.Judgement = Refuses
	case len(c.v.Remarks) > 0:
		c.v.Judgement = LoadsWithRemarks
	default:
		c.v.Judgement = Loads
	}
	return c.v
}

// checker collects the verdict of one host.
type checker struct {
	m *Module
	p *Profile
	// version is the ABI version, "" when the host does not know it.
	version ABIVersion
	v       Verdict
}

func (c *checker) problem(next, format string, args ...any) {
	c.v.Problems = append(c.v.Problems, Problem{Reason: fmt.Sprintf(format, args...), Hint: next})
}

func (c *checker) remark(next, format string, args ...any) {
	c.v.Remarks = append(c.v.Remarks, Problem{Reason: fmt.Sprintf(format, args...), Hint: next})
}

func (c *checker) failure(err error, next string) {
	c.v.Problems = append(c.v.Problems, Problem{Reason: err.Error(), Hint: next, Err: err})
}

func (c *checker) abi() {
	version, err := c.m.abiOf(c.p.ABI)
	if err != nil {
		if known, other := c.m.ABI(); other == nil { // one that only this host does not know
			err = hint.Errorf("build the module with a current SDK, or run it in a real Envoy", "%s has no ABI %s, only %s",
				c.p.Name, known, joinVersions(c.p.ABI, "and"))
		}
		c.failure(err, strings.Join(hint.Of(err), "; "))
	}
	c.version = version
}

func (c *checker) names() {
	if _, err := c.m.FunctionNames(); err != nil {
		c.failure(err, "build the module again, or strip its names")
	}
}
