package archtest_test

// all stands for every internal package but testkit.
const all = "*"

// everywhere are small packages that each row may import besides its own.
var everywhere = []string{"internal/hint", "internal/suggest", "internal/atomicfile"}

// table says which packages of this module a package may import. The row of a
// package that does not exist yet says where it belongs once it does. Data flows
// one way: no package imports one that comes after it in that flow.
var table = map[string][]string{
	"cmd/wasmctl":         {"internal/cli", "internal/ui"},
	"internal/cli":        {all},
	"internal/yamlfile":   {},
	"internal/project":    {"internal/yamlfile"},
	"templates":           {},
	"internal/scaffold":   {"internal/project", "internal/yamlfile", "internal/tool", "templates"},
	"internal/wasm":       {},
	"internal/build":      {"internal/project", "internal/wasm", "internal/container", "internal/tool", "internal/progress", "internal/version"},
	"internal/aot":        {"internal/wasm", "internal/container", "internal/tool", "internal/progress"},
	"internal/artifact":   {"internal/wasm"},
	"internal/registry":   {"internal/artifact", "internal/progress"},
	"internal/source":     {"internal/project", "internal/build", "internal/registry", "internal/wasm", "internal/progress"},
	"internal/chain":      {"internal/wasm"},
	"internal/proxywasm":  {"internal/wasm"},
	"internal/proxy":      {"internal/chain", "internal/proxywasm"},
	"internal/envoy":      {"internal/chain"},
	"internal/deploy":     {"internal/chain", "internal/envoy", "internal/container", "internal/tool", "internal/progress"},
	"internal/filtertest": {"internal/chain", "internal/proxywasm", "internal/deploy"},
	"internal/bench":      {"internal/progress"},
	"internal/wagi":       {"internal/wasm"},
	"internal/container":  {"internal/progress"},
	"internal/tool":       {"internal/progress"},
	"internal/progress":   {},
	"internal/ui":         {"internal/progress"},
	"internal/version":    {},
	"internal/hint":       {},
	"internal/suggest":    {},
	"internal/atomicfile": {},
	"internal/testkit":    {"internal/wasm"},
	"internal/archtest":   {},
	"docs":                {},
	"bench":               {},
}

// libraries says where a third-party library lives, by the beginning of its
// import path. What a library's types leak into is kept small that way, and so
// is the move to another one. The longest beginning counts.
var libraries = map[string][]string{
	"charm.land/":                             {"internal/ui"},
	"github.com/charmbracelet/":               {"internal/ui"},
	"github.com/spf13/":                       {"internal/cli"},
	"oras.land/oras-go/v2":                    {"internal/artifact", "internal/registry"},
	"github.com/opencontainers/":              {"internal/artifact", "internal/registry", "internal/cli"},
	"github.com/tetratelabs/wazero":           {"internal/proxywasm", "internal/wagi"},
	"github.com/docker/":                      {"internal/container"},
	"github.com/containerd/":                  {"internal/container"},
	"github.com/envoyproxy/go-control-plane/": {"internal/envoy"},
	"google.golang.org/protobuf":              {"internal/envoy"},
	"github.com/valyala/fasthttp":             {"internal/proxy"},
	"github.com/santhosh-tekuri/jsonschema/":  {"internal/chain"},
	"github.com/tetratelabs/func-e":           {"internal/deploy"},
	"github.com/dlclark/regexp2":              {"internal/chain"},
	"github.com/goccy/go-yaml":                {"internal/chain", "internal/yamlfile", "internal/envoy"},
	"github.com/pelletier/go-toml/v2":         {"internal/build"},
	"github.com/klauspost/compress/":          {"internal/artifact"},
	"github.com/shirou/gopsutil/":             {"internal/tool"},
	"github.com/gofrs/flock":                  {"internal/registry", "internal/build"},
	"golang.org/x/":                           {all},
}
