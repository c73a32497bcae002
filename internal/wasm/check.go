package wasm

// HostFunction is a function that a proxy-wasm host offers to modules.
type HostFunction struct {
	Module, Name string
	Type         FuncType
	// ABI are the versions in which the function exists; none means all.
	ABI []ABIVersion
}

// EnvoyFunctions returns what Envoy offers to a module of ABI version v.
func EnvoyFunctions(v ABIVersion) []HostFunction { panic("todo") }

// ImportProblem is an import that keeps Envoy from loading a module.
type ImportProblem struct {
	Import Import `json:"import"`
	Reason string `json:"reason"`
	// Hint is the next step for the user.
	Hint string `json:"hint"`
}

// CheckImports returns the imports of m that Envoy does not satisfy.
func CheckImports(m *Module) []ImportProblem { panic("todo") }

// Problem is one reason for which Envoy refuses a module.
type Problem struct {
	Reason string `json:"reason"`
	// Hint is the next step for the user.
	Hint string `json:"hint"`
	// Err is the cause as an error for errors.Is and errors.As; it may be nil.
	Err error `json:"-"`
}

// CheckError lists all reasons for which Envoy refuses a module.
type CheckError struct {
	Problems []Problem `json:"problems"`
}

func (e *CheckError) Error() string { panic("todo") }

// Check returns nil when Envoy loads m, else *CheckError.
func Check(m *Module) error { panic("todo") }
