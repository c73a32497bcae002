package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// machine describes what the numbers were taken on and with.
func (b *bench) machine() []string {
	return []string{
		fmt.Sprintf("Machine: %s, %d cores, %s of memory", field("/proc/cpuinfo", "model name"), runtime.NumCPU(), memory()),
		"System: " + output("uname", "-sr"),
		"Go: " + strings.TrimPrefix(output("go", "version"), "go version "),
		"Envoy: " + envoyVersion(output(b.envoy, "--version")),
		"oras: " + firstLine(output(b.oras, "version")),
	}
}

// field returns the value of the first "name: value" line of a file.
func field(path, name string) string {
	text, _ := os.ReadFile(path)
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

func memory() string {
	var kib int64
	if _, err := fmt.Sscanf(field("/proc/meminfo", "MemTotal"), "%d kB", &kib); err != nil {
		return "unknown"
	}
	return fmt.Sprintf("%.0f GiB", float64(kib)/(1<<20))
}

// output is what a program prints, or why it does not.
func output(name string, args ...string) string {
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		return "unknown (" + err.Error() + ")"
	}
	return strings.TrimSpace(string(out))
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return strings.Join(strings.Fields(strings.TrimPrefix(line, "Version:")), " ")
}

// envoyVersion takes the release out of "PATH version: COMMIT/RELEASE/...".
func envoyVersion(s string) string {
	_, version, _ := strings.Cut(s, "version: ")
	if parts := strings.Split(version, "/"); len(parts) > 2 {
		return parts[1]
	}
	return s
}
