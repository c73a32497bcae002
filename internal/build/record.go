package build

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/internal/version"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

// RecordName is the name of the custom section that holds the record of a build.
const RecordName = "wasmctl.build"

// recordVersion is the version of the record's form.
const recordVersion = 1

// maxRecord bounds what is read of a record, in bytes.
const maxRecord = 64 << 10

// Record says how a module was built. It holds no times and no paths, so that
// the same sources give the same bytes.
type Record struct {
	// Version is that of the record's form: 1.
	Version int `json:"version"`
	// Language is that of the project; "" when it does not say.
	Language string `json:"language,omitempty"`
	// Toolchain is the compiler and its version: "go1.26.8".
	Toolchain string `json:"toolchain"`
	// Command says that the toolchain is the program of build.command.
	Command bool `json:"command,omitempty"`
	// Where is "host" or "container".
	Where string `json:"where"`
	// Image is the builder image, its name and tag, of a build in a container.
	Image string `json:"image,omitempty"`
	// SDK is the name and version of the SDK: "proxy-wasm 0.2.5".
	SDK string `json:"sdk,omitempty"`
	// Optimizer is the program that optimised the module, with its version:
	// "wasm-opt 120"; "" when none did.
	Optimizer string `json:"optimizer,omitempty"`
	// Sources is a digest of the project's files: "sha256:...".
	Sources string `json:"sources"`
	// Wasmctl is the version of wasmctl.
	Wasmctl string `json:"wasmctl"`
	Debug   bool   `json:"debug,omitempty"`
}

// ReadRecord returns the record in a module; nil when it has none. The error
// says that what is there cannot be read.
func ReadRecord(m *wasm.Module) (*Record, error) {
	sections := m.CustomSections(RecordName)
	if len(sections) == 0 {
		return nil, nil
	}
	content := sections[0].Content
	if len(content) > maxRecord {
		return nil, fmt.Errorf("custom section %q: larger than %d KiB", RecordName, maxRecord>>10)
	}
	r := &Record{}
	if err := json.Unmarshal(content, r); err != nil {
		return nil, fmt.Errorf("custom section %q: %w", RecordName, err)
	}
	return r, nil
}

// recordOf is ReadRecord for a module that wasmctl wrote itself.
func recordOf(m *wasm.Module) *Record {
	r, err := ReadRecord(m)
	if err != nil {
		return nil
	}
	return r
}

func newRecord(j *job, tools toolchain, toolchain, sources string) Record {
	r := Record{
		Version: recordVersion, Language: string(j.project.Language), Toolchain: toolchain, Where: "host",
		Command: !j.project.Build.Command.IsZero(), SDK: sdkVersion(j), Sources: sources, Wasmctl: version.Get().Version, Debug: j.debug,
	}
	if e, ok := tools.(elsewhere); ok {
		r.Where, r.Image = "container", e.image()
	}
	return r
}

// addTo returns m with the record, and with what it says in the producers
// section too, where programs look that do not know wasmctl. Both replace what
// an earlier build of the same module put there.
func (r Record) addTo(m *wasm.Module) (*wasm.Module, error) {
	producers, err := m.Producers()
	if err != nil {
		producers = nil // one that nobody can read
	}
	if m, err = m.WithProducers(r.producers(producers)); err != nil {
		return nil, err
	}
	if m, err = m.WithoutCustomSections(RecordName); err != nil {
		return nil, err
	}
	content, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	return m.WithCustomSection(RecordName, content)
}

// producers adds the record to what the compiler wrote. A compiler that names
// its language and itself knows better. The toolchain is a compiler unless it is
// the program of a command, which may be make or a shell.
func (r Record) producers(p wasm.Producers) wasm.Producers {
	if name := languageName(r.Language); name != "" && len(p.Field(wasm.ProducerLanguage)) == 0 {
		p = p.With(wasm.ProducerLanguage, wasm.Producer{Name: name})
	}
	if !r.Command && len(p.Field(wasm.ProducerProcessedBy)) == 0 {
		p = p.With(wasm.ProducerProcessedBy, producer(r.Toolchain))
	}
	if r.Optimizer != "" {
		p = p.With(wasm.ProducerProcessedBy, producer(r.Optimizer))
	}
	p = p.With(wasm.ProducerProcessedBy, wasm.Producer{Name: "wasmctl", Version: r.Wasmctl})
	if r.SDK != "" {
		p = p.With(wasm.ProducerSDK, producer(r.SDK))
	}
	return p
}

// producer takes "NAME VERSION" apart.
func producer(s string) wasm.Producer {
	at := strings.LastIndexByte(s, ' ')
	if at < 0 {
		return wasm.Producer{Name: s}
	}
	return wasm.Producer{Name: s[:at], Version: s[at+1:]}
}

// languageName is the name of a language in a producers section.
func languageName(language string) string {
	switch project.Language(language) {
	case project.Go:
		return "Go"
	case project.Rust:
		return "Rust"
	case project.Cpp:
		return "C++"
	case project.AssemblyScript:
		return "AssemblyScript"
	}
	return language
}
