package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// buildRounds is how many samples a build has: each takes seconds.
const buildRounds = 5

// language is how projects in a language are built without wasmctl.
type language struct {
	name string
	// host and container are shell commands, run in the project's folder, with
	// the flags that wasmctl uses. What they fetch and compile for all projects
	// together is kept in folders that last, as wasmctl's is.
	host, container string
	// file gets a line that changes, with a number in it.
	file, line string
	// maxSize is the target for the module, in KB of 1000 bytes.
	maxSize float64
}

// optimize is the call of wasm-opt that wasmctl makes for Rust and C++.
const optimize = "wasm-opt -Oz --enable-bulk-memory --enable-nontrapping-float-to-int --enable-sign-ext --enable-mutable-globals"

// caches is where the bare commands keep what they fetch and compile in a container.
const caches = "/tmp/bench-cache"

func languages() []language {
	return []language{
		{
			name: "go", file: "main.go", line: "var benchmarkRound = %d", maxSize: 2700,
			host:      `GOOS=wasip1 GOARCH=wasm go build -buildvcs=false -buildmode=c-shared -trimpath -ldflags="-s -w" -o bare.wasm .`,
			container: `GOOS=wasip1 GOARCH=wasm GOTOOLCHAIN=local /usr/lib/go-1.24/bin/go build -buildvcs=false -buildmode=c-shared -trimpath -ldflags="-s -w" -o bare.wasm .`,
		},
		{
			name: "cpp", file: "src/filter.cc", line: "int benchmark_round = %d;", maxSize: 30,
			host:      `make --quiet -j$(nproc) OUT=bare.o.wasm && ` + optimize + ` bare.o.wasm -o bare.wasm`,
			container: `make --quiet -j$(nproc) OUT=bare.o.wasm && ` + optimize + ` bare.o.wasm -o bare.wasm`,
		},
		{
			name: "assemblyscript", file: "assembly/index.ts", line: "const benchmarkRound = %d;", maxSize: 12,
			host:      `{ [ -d node_modules ] || npm ci --silent --ignore-scripts --no-audit --no-fund --prefer-offline; } && node node_modules/assemblyscript/bin/asc.js assembly/index.ts --target release --outFile bare.wasm`,
			container: `{ [ -d node_modules ] || npm ci --silent --ignore-scripts --no-audit --no-fund --prefer-offline; } && node node_modules/assemblyscript/bin/asc.js assembly/index.ts --target release --outFile bare.wasm`,
		},
		{
			name: "rust", file: "src/lib.rs", line: "pub static BENCHMARK_ROUND: u32 = %d;", maxSize: 105,
			host:      `RUSTFLAGS="--remap-path-prefix=$PWD=/s" cargo build --quiet --release --locked --target wasm32-unknown-unknown && ` + optimize + ` target/wasm32-unknown-unknown/release/*.wasm -o bare.wasm`,
			container: `RUSTFLAGS="--remap-path-prefix=$PWD=/s" cargo build --quiet --release --locked --target wasm32-unknown-unknown && ` + optimize + ` target/wasm32-unknown-unknown/release/*.wasm -o bare.wasm`,
		},
	}
}

// builds measures the build of each language in each place next to the bare
// command in the same place: the first of a new project, one after a change of
// a line, and one with nothing to do.
func (b *bench) builds(ctx context.Context) error {
	for _, l := range languages() {
		for _, place := range []string{"host", "container"} {
			if err := b.buildsIn(ctx, l, place); err != nil {
				return fmt.Errorf("%s, %s: %w", l.name, place, err)
			}
		}
	}
	return nil
}

func (b *bench) buildsIn(ctx context.Context, l language, place string) error {
	fmt.Fprintln(os.Stderr, "bench: build", l.name, place)
	bare, end, err := b.bareBuild(ctx, l, place)
	if err != nil {
		return err
	}
	defer end()
	ours := func(dir string) error {
		return command(ctx, "", []string{b.home("home")}, b.wasmctl, "build", "-q", "--toolchain", place, dir)
	}
	if err := b.warm(ctx, l, place, ours, bare); err != nil {
		return err
	}
	what, extra, rounds := l.name+", "+place, 100.0, buildRounds
	if l.name == "go" && place == "host" {
		rounds = b.rounds // a second in all
	}
	if place == "container" {
		extra = 1000
	}
	project := func(side string, i int) string {
		return filepath.Join(b.dir, "builds", l.name+"-"+place, fmt.Sprint(side, i))
	}
	prepare := func(side string) func(int) error {
		return func(i int) error { return b.initLanguage(ctx, project(side, i), l.name) }
	}
	s, err := interleave(buildRounds,
		timed(prepare("ours"), func(i int) error { return ours(project("ours", i)) }),
		timed(prepare("bare"), func(i int) error { return bare(project("bare", i)) }))
	if err != nil {
		return err
	}
	b.addBuild(what+": first build", s, extra)

	changed := func(side string, offset int) func(int) error {
		return func(i int) error { return l.change(project(side, 0), 2*i+offset) }
	}
	s, err = interleave(rounds,
		timed(changed("ours", 0), func(int) error { return ours(project("ours", 0)) }),
		timed(changed("bare", 1), func(int) error { return bare(project("bare", 0)) }))
	if err != nil {
		return err
	}
	b.addBuild(what+": one line changed", s, extra)

	s, err = interleave(rounds,
		timed(nil, func(int) error { return ours(project("ours", 0)) }),
		timed(nil, func(int) error { return bare(project("bare", 0)) }))
	if err != nil {
		return err
	}
	b.add(result{
		what: what + ": nothing changed", unit: "ms", ours: s[0], against: "bare command", theirs: s[1],
		maxValue: 30, target: "at most 30 ms",
	})
	return b.addSize(what, project("ours", 1), l)
}

func (b *bench) addBuild(what string, s [][]float64, extra float64) {
	r := result{
		what: what, unit: "ms", ours: s[0], against: "bare command", theirs: s[1],
		maxExtra: extra, target: fmt.Sprintf("at most %s ms more", number(extra)),
	}
	if what == "go, host: one line changed" {
		r.maxRatio = 1.2
		r.target += " and ratio at most 1.2"
	}
	b.add(r)
}

func (b *bench) addSize(what, project string, l language) error {
	info, err := os.Stat(filepath.Join(project, "build", "filter.wasm"))
	if err != nil {
		return err
	}
	b.add(result{
		what: what + ": size of the module", unit: "KB", ours: []float64{float64(info.Size()) / 1000},
		maxValue: l.maxSize, target: fmt.Sprintf("at most %s KB", number(l.maxSize)),
	})
	return nil
}

// warm builds one project on each side: images, dependencies and standard
// libraries are there from then on.
func (b *bench) warm(ctx context.Context, l language, place string, builds ...func(dir string) error) error {
	for i, build := range builds {
		dir := filepath.Join(b.dir, "builds", l.name+"-"+place, fmt.Sprint("warm", i))
		if err := b.initLanguage(ctx, dir, l.name); err != nil {
			return err
		}
		if err := build(dir); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) initLanguage(ctx context.Context, dir, name string) error {
	return command(ctx, "", []string{b.home("home")}, b.wasmctl, "init", dir,
		"--language", name, "--template", "http-headers", "--name", "filter", "--yes")
}

// change puts the number into the line at the end of the file, in place of the
// number before. Two sides never compile the same text: a compiler with a cache
// would profit from the other's work.
func (l language) change(project string, number int) error {
	path := filepath.Join(project, filepath.FromSlash(l.file))
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, _, _ := strings.Cut(l.line, "%d")
	text, _, _ = bytes.Cut(text, []byte("\n"+before))
	text = fmt.Appendf(text, "\n"+l.line+"\n", number)
	return os.WriteFile(path, text, 0o644) //nolint:gosec // source code
}

// bareBuild returns what builds a project without wasmctl: a shell on this
// machine, or one in a container of the builder image that runs all the time,
// so that only the compiler is measured. end stops it.
func (b *bench) bareBuild(ctx context.Context, l language, place string) (build func(dir string) error, end func(), err error) {
	if place == "host" {
		return func(dir string) error { return command(ctx, dir, nil, "sh", "-c", l.host) }, func() {}, nil
	}
	image, err := b.builderImage(ctx, l)
	if err != nil {
		return nil, nil, err
	}
	name := fmt.Sprintf("wasmctl-bench-%s-%d", l.name, os.Getpid())
	root := filepath.Join(b.dir, "builds")
	args := []string{"docker", "run", "--detach", "--rm", "--name", name, "-v", root + ":" + root, "-e", "HOME=" + caches}
	if bundle := os.Getenv("SSL_CERT_FILE"); bundle != "" {
		args = append(args, "-v", bundle+":"+bundle+":ro")
		for _, variable := range []string{"SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "CARGO_HTTP_CAINFO"} {
			args = append(args, "-e", variable+"="+bundle)
		}
	}
	if err := command(ctx, "", nil, append(args, image, "sleep", "infinity")...); err != nil {
		return nil, nil, err
	}
	end = func() { command(context.WithoutCancel(ctx), "", nil, "docker", "rm", "--force", name) } //nolint:errcheck // it ends with --rm
	return func(dir string) error {
		return command(ctx, "", nil, "docker", "exec", "--workdir", dir, name, "sh", "-c", l.container)
	}, end, nil
}

// builderImage makes wasmctl build its image for the language, and names it.
func (b *bench) builderImage(ctx context.Context, l language) (string, error) {
	dir := filepath.Join(b.dir, "builds", l.name+"-image")
	if err := b.initLanguage(ctx, dir, l.name); err != nil {
		return "", err
	}
	if err := command(ctx, "", []string{b.home("home")}, b.wasmctl, "build", "-q", "--toolchain", "container", dir); err != nil {
		return "", err
	}
	out, err := exec.CommandContext(ctx, "docker", "images", "--format", "{{.Repository}}:{{.Tag}}", "wasmctl-builder/"+l.name).Output()
	image, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	if err != nil || image == "" {
		return "", fmt.Errorf("no builder image for %s: %w", l.name, err)
	}
	return image, nil
}
