package wasm

// Host names a proxy-wasm host.
type Host string

// The hosts that wasmctl knows.
const (
	HostEnvoy   Host = "envoy"
	HostIstio   Host = "istio"
	HostGateway Host = "gateway"
	HostHigress Host = "higress"
	HostLocal   Host = "local"
)

// Profile is what a host takes. It is data: what CheckHost compares a module with.
type Profile struct {
	Host Host `json:"host"`
	// Name is the host in a sentence: "Envoy Gateway".
	Name string `json:"name"`
	// Version is what of it was looked at: "1.40", "with Envoy 1.36 and later".
	Version string `json:"version"`
	// Engine runs the code: "V8 14.4".
	Engine string `json:"engine"`
	// ABI are the versions of proxy-wasm that the host knows.
	ABI []ABIVersion `json:"abi"`
	// Functions are what modules can import.
	Functions []HostFunction `json:"-"`
	// Callbacks are exports that this host calls besides those of every host.
	Callbacks []HostFunction `json:"-"`
	// Lacks are the features that the engine does not have.
	Lacks []Feature `json:"lacks"`
	// Since are the features that older releases of the host lack, by the first
	// release of Envoy that has them.
	Since map[Feature]string `json:"-"`
	// OneKindOfExceptions is set when a module may use the old or the new exceptions, not both.
	OneKindOfExceptions bool `json:"oneKindOfExceptions"`
	// MakesImports is set when the host makes the memory or table that a module imports.
	MakesImports bool   `json:"makesImports"`
	Limits       Limits `json:"limits"`
}

// Limits are sizes that keep a host from loading a module. A module of exactly
// that size loads; 0 is no limit.
type Limits struct {
	// ModuleSize is the size of the file in bytes.
	ModuleSize int64 `json:"moduleSize,omitempty"`
	// MemoryPages is the memory that a module starts with, in pages of PageSize bytes.
	MemoryPages uint64 `json:"memoryPages"`
	// TableElements is the number of elements that a table starts with.
	TableElements uint64 `json:"tableElements,omitempty"`
	// FunctionSize is the size of one function's code in bytes.
	FunctionSize int `json:"functionSize,omitempty"`
	// Locals is the number of one function's local variables.
	Locals int `json:"locals,omitempty"`
}

// Limits that were found by loading modules of just that size, and of one more,
// in Envoy 1.40.
const (
	// maxPages is the largest memory that Envoy gives a module: 1 GiB.
	maxPages         = 16384
	maxTableElements = 10_000_000
	maxFunctionSize  = 7_654_321
	maxLocals        = 50_000
)

// V8Limits returns the limits of Envoy's engine, which all hosts around Envoy
// share, with the given limit of the module's size in bytes.
func V8Limits(moduleSize int64) Limits {
	return Limits{
		ModuleSize: moduleSize, MemoryPages: maxPages, TableElements: maxTableElements,
		FunctionSize: maxFunctionSize, Locals: maxLocals,
	}
}

// lacks tells whether the engine does not have a feature.
func (p *Profile) lacks(f Feature) bool {
	for _, missing := range p.Lacks {
		if missing == f {
			return true
		}
	}
	return false
}
