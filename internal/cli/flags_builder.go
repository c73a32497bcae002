package cli

import (
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wasmctl/wasmctl/internal/build"
)

// builderFlags say where a build gets its compiler from, and how a builder
// container is made and run.
type builderFlags struct {
	toolchain   string
	image, base string
	noCache     bool
	pull        bool
	copy        bool
	caFile      string
	memory      byteSize
	cpus        float64
	pids        int64
	offline     bool
}

func (f *builderFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	f.memory = byteSize(build.DefaultMemory)
	flags.StringVar(&f.toolchain, "toolchain", string(build.ToolchainAuto),
		"`WHERE` the compiler comes from: host, container, or auto: a container where the host has none")
	flags.BoolVar(&f.offline, "offline", false, "keep the build from the network, also for dependencies")
	flags.StringVar(&f.image, "builder-image", "", "build in a container of this `IMAGE`")
	flags.StringVar(&f.base, "base-image", "", "make the built-in builder image from this `IMAGE` (default debian:trixie-slim)")
	flags.BoolVar(&f.noCache, "no-cache", false, "make the builder image anew")
	flags.BoolVar(&f.pull, "pull", false, "get a newer base image or builder image first")
	flags.BoolVar(&f.copy, "copy", false, "copy the sources into the container instead of mounting them")
	flags.StringVar(&f.caFile, "ca-file", "", "certificates that a builder container trusts, a PEM `FILE` (default $SSL_CERT_FILE)")
	flags.Var(&f.memory, "memory", "the most memory a builder container may use")
	flags.Float64Var(&f.cpus, "cpus", 0, "the `CORES` a builder container may use (default all)")
	flags.Int64Var(&f.pids, "pids", build.DefaultPIDs, "the most processes in a builder container, a `NUMBER`")
	completeValues(cmd, "toolchain", toolchains()...)
	completeFiles(cmd, "ca-file")
	for _, name := range []string{"builder-image", "base-image", "memory", "cpus", "pids"} {
		completeValues(cmd, name)
	}
}

func toolchains() []string {
	return []string{string(build.ToolchainAuto), string(build.ToolchainHost), string(build.ToolchainContainer)}
}

// completeFiles offers files for a flag in shell completion.
func completeFiles(cmd *cobra.Command, flag string) {
	_ = cmd.MarkFlagFilename(flag) // the flag was just added
}

// apply puts the flags into the options of a build.
func (f *builderFlags) apply(o *build.Options) {
	o.Toolchain, o.Offline = build.ToolchainChoice(f.toolchain), f.offline
	if f.aboutContainers() != "" {
		o.Toolchain = build.ToolchainContainer
	}
	o.Container = build.ContainerOptions{
		Image: f.image, Base: f.base, NoCache: f.noCache, Pull: f.pull, Copy: f.copy, CAFile: f.caFile,
		Memory: int64(f.memory), CPUs: f.cpus, PIDs: f.pids, State: builderState(),
	}
}

// check refuses what cannot be meant.
func (f *builderFlags) check() error {
	if err := oneOf("--toolchain", f.toolchain, toolchains()...); err != nil {
		return err
	}
	const leastMemory = 16 << 20 // below that no program starts
	switch about := f.aboutContainers(); {
	case f.toolchain == string(build.ToolchainHost) && about != "":
		return usagef("--%s is about builder containers, and --toolchain host uses none", about)
	case f.image != "" && f.base != "":
		return usagef("both --builder-image and --base-image are given: the built-in image is made from a base, another is used as it is")
	case f.memory < leastMemory:
		return usagef("--memory %s is too little: 16m at least", f.memory)
	case f.cpus < 0 || math.IsNaN(f.cpus) || math.IsInf(f.cpus, 0):
		return usagef("--cpus %v is no number of cores", f.cpus)
	case f.pids < 16:
		return usagef("--pids %d is too few: 16 at least", f.pids)
	}
	return nil
}

// aboutContainers returns a flag that only makes sense for a container, if one
// is given: it asks for a container.
func (f *builderFlags) aboutContainers() string {
	switch {
	case f.image != "":
		return "builder-image"
	case f.base != "":
		return "base-image"
	case f.noCache:
		return "no-cache"
	case f.pull:
		return "pull"
	case f.copy:
		return "copy"
	}
	return ""
}

// builderState is the folder of what is remembered about builder images; "",
// which leaves it to the build to complain, when there is no cache folder.
func builderState() string {
	dir, err := cacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "builders")
}

// byteSize is a flag for an amount of memory: a number with b, k, m, g or t
// behind it, in powers of 1024 as with Docker, and with nothing in bytes.
type byteSize int64

func (s *byteSize) Type() string { return "SIZE" }

func (s byteSize) String() string {
	for _, unit := range []struct {
		name string
		size byteSize
	}{{"g", 1 << 30}, {"m", 1 << 20}, {"k", 1 << 10}} {
		if s >= unit.size && s%unit.size == 0 {
			return strconv.FormatInt(int64(s/unit.size), 10) + unit.name
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

func (s *byteSize) Set(text string) error {
	number := strings.ToLower(strings.TrimSpace(text))
	number = strings.TrimSuffix(strings.TrimSuffix(number, "b"), "i")
	factor := 1.0
	if at := strings.IndexAny(number, "kmgt"); at > 0 && at == len(number)-1 {
		factor = math.Pow(1024, float64(1+strings.IndexByte("kmgt", number[at])))
		number = number[:at]
	}
	value, err := strconv.ParseFloat(number, 64)
	if err != nil || math.IsNaN(value) || value < 0 || value*factor >= math.MaxInt64 {
		return fmt.Errorf("%q is no amount of memory: write it as in 512m or 4g", text)
	}
	*s = byteSize(value * factor)
	return nil
}
