package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/proxywasm"
	"github.com/wasmctl/wasmctl/internal/source"
	"github.com/wasmctl/wasmctl/internal/ui"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

type checkOptions struct {
	sources sourceFlags
	// hosts are those that were asked for; none means all, with Envoy's word
	// deciding the exit code.
	hosts []string
}

func newCheck(a *app) *cobra.Command {
	var o checkOptions
	cmd := &cobra.Command{
		Use:   "check [SOURCE]",
		Short: "Tell which hosts load a module, and what to do where one does not",
		Long: `Compare a module with what each host takes: its ABI version, imports and
exports, memory and sizes, how it starts, and which features of WebAssembly its
code really uses. Nothing is run and nothing outside is asked.

Hosts are envoy (stock Envoy), istio, gateway (Envoy Gateway), higress and local
(the host that 'wasmctl run' uses). Without --host all of them are shown, and
the exit code is 1 when Envoy refuses the module; with --host it is 1 when one
of the named hosts does. Remarks never change the exit code.`,
		Example: `  wasmctl check
  wasmctl check build/my-filter.wasm --host envoy,istio
  wasmctl check ghcr.io/me/my-filter:v1 --host all -o json`,
		Args: argCount(0, 1, ""),

		ValidArgsFunction: a.completeSource,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runCheck(cmd.Context(), a, o, oneSource(args))
		},
	}
	o.sources.add(cmd)
	cmd.Flags().StringSliceVar(&o.hosts, "host", nil, "the `HOSTS` that must load the module: "+strings.Join(hostNames(), ", ")+"; all")
	completeValues(cmd, "host", append(hostNames(), allHosts)...)
	addOutput(cmd, a)
	return cmd
}

// allHosts stands for every host in --host.
const allHosts = "all"

// hostProfiles are all hosts, in the order in which they are shown.
func hostProfiles() []wasm.Profile {
	return append(wasm.Profiles(), proxywasm.Profile())
}

func hostNames() []string {
	var names []string
	for _, p := range hostProfiles() {
		names = append(names, string(p.Host))
	}
	return names
}

func runCheck(ctx context.Context, a *app, o checkOptions, s string) error {
	for _, host := range o.hosts {
		if err := oneOf("host", host, append(hostNames(), allHosts)...); err != nil {
			return err
		}
	}
	src, err := o.sources.resolve(ctx, a, s)
	if err != nil {
		return err
	}
	r := newCheckReport(src, o.hosts)
	if err := a.print(r); err != nil {
		return err
	}
	return r.failure(o.hosts)
}

// checkReport is what the hosts say of a module.
type checkReport struct {
	Source *source.Source  `json:"source"`
	Size   int64           `json:"size"`
	SHA256 string          `json:"sha256"`
	ABI    wasm.ABIVersion `json:"abi"`
	// Language is what the module was written in, as far as it tells.
	Language wasm.Language `json:"language,omitempty"`
	// Features are what the code uses of WebAssembly beyond its first version.
	Features []wasm.FeatureUse `json:"features"`
	// Declared is what the compiler was allowed to use, in its words.
	Declared []string       `json:"declaredFeatures,omitempty"`
	Hosts    []wasm.Verdict `json:"hosts"`
}

func newCheckReport(src *source.Source, hosts []string) checkReport {
	m := src.Module
	abi, _ := m.ABI()           // each host says what it thinks of the version
	features, _ := m.Features() // and of code that cannot be read
	r := checkReport{
		Source: src, Size: int64(len(m.Bytes())), SHA256: m.SHA256(), ABI: abi, Language: m.Language(),
		Features: features, Declared: m.DeclaredFeatures(),
	}
	for _, p := range hostProfiles() {
		if len(hosts) == 0 || slices.Contains(hosts, allHosts) || slices.Contains(hosts, string(p.Host)) {
			r.Hosts = append(r.Hosts, wasm.CheckHost(m, p))
		}
	}
	return r
}

// failure is the error when a host refuses that decides: those that were asked
// for, else Envoy.
func (r checkReport) failure(hosts []string) error {
	var refusing []string
	for _, v := range r.Hosts {
		if v.Judgement == wasm.Refuses && (len(hosts) > 0 || v.Host == wasm.HostEnvoy) {
			refusing = append(refusing, v.Name)
		}
	}
	if len(refusing) == 0 {
		return nil
	}
	verb := "refuses"
	if len(refusing) > 1 {
		verb = "refuse"
	}
	return hint.Errorf("the report says why, and what to do", "%s %s %s", strings.Join(refusing, ", "), verb, r.Source.Name)
}

// Text prints a line for each host, and below what the hosts have to say.
func (r checkReport) Text(w io.Writer) error {
	var b strings.Builder
	r.head(&b)
	t := newTable(&b, "HOST", "VERDICT", "ENGINE", "CHECKED FOR")
	for _, v := range r.Hosts {
		t.row(string(v.Host), string(v.Judgement), v.Engine, strings.TrimSpace(v.Name+" "+v.Version))
	}
	_ = t.flush() // a strings.Builder does not fail
	findings(&b, "Refused by", r.Hosts, func(v wasm.Verdict) []wasm.Problem { return v.Problems })
	findings(&b, "Remarks for", r.Hosts, func(v wasm.Verdict) []wasm.Problem { return v.Remarks })
	_, err := io.WriteString(w, b.String())
	return err
}

func (r checkReport) head(b *strings.Builder) {
	fmt.Fprintf(b, "Module:    %s (%s %s), %s", r.Source.Name, r.Source.Kind, r.Source.Ref, ui.Bytes(r.Size))
	if r.ABI != "" {
		fmt.Fprintf(b, ", ABI %s", r.ABI)
	}
	if r.Language != "" {
		fmt.Fprintf(b, ", written in %s", r.Language)
	}
	names := make([]string, len(r.Features))
	for i, use := range r.Features {
		names[i] = use.Feature.String()
	}
	if len(names) == 0 {
		names = []string{"none beyond version 1"}
	}
	fmt.Fprintf(b, "\nFeatures:  %s\n\n", strings.Join(names, ", "))
}

// finding is what one or several hosts say of a module.
type finding struct {
	wasm.Problem
	key   string
	hosts []string
}

// findings prints what several hosts say alike only once, under all their names.
func findings(b *strings.Builder, title string, verdicts []wasm.Verdict, of func(wasm.Verdict) []wasm.Problem) {
	groups := map[string][]finding{}
	var order []string
	for _, f := range merge(verdicts, of) {
		hosts := strings.Join(f.hosts, ", ")
		if groups[hosts] == nil {
			order = append(order, hosts)
		}
		groups[hosts] = append(groups[hosts], f)
	}
	for _, hosts := range order {
		fmt.Fprintf(b, "\n%s %s:\n", title, hosts)
		for i, f := range groups[hosts] {
			fmt.Fprintf(b, "  - %s\n", f.Reason)
			// One step may be the answer to several findings.
			if i == len(groups[hosts])-1 || groups[hosts][i+1].Hint != f.Hint {
				fmt.Fprintf(b, "    %s\n", f.Hint)
			}
		}
	}
}

// merge joins what differs only by the host that is named in it.
func merge(verdicts []wasm.Verdict, of func(wasm.Verdict) []wasm.Problem) []finding {
	var all []finding
	for _, v := range verdicts {
		for _, p := range of(v) {
			key := strings.NewReplacer(v.Name, "", v.Engine, "", "Envoy", "").Replace(p.Reason)
			if i := slices.IndexFunc(all, func(f finding) bool { return f.key == key }); i >= 0 {
				all[i].hosts = append(all[i].hosts, string(v.Host))
				continue
			}
			all = append(all, finding{p, key, []string{string(v.Host)}})
		}
	}
	return all
}
