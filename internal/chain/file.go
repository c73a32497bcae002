package chain

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/goccy/go-yaml"

	"github.com/wasmctl/wasmctl/internal/hint"
)

// File is a chain as a user writes it down, in YAML or JSON:
//
//	listen: 127.0.0.1:10000
//	upstream: http://127.0.0.1:8080
//	clusters: {auth: 127.0.0.1:9000, greeter: "h2c://127.0.0.1:50051"}
//	filters:
//	  - source: ./path-rewrite
//	    config: {rewrites: [...]}
//	  - source: localhost:5000/auth:v1
//	    failurePolicy: open
type File struct {
	Listen   string       `yaml:"listen"`
	Admin    string       `yaml:"admin"`
	Upstream string       `yaml:"upstream"`
	Clusters clusterItems `yaml:"clusters"`
	Filters  []FilterSpec `yaml:"filters"`

	// Dir is the folder of the file: relative sources and files start there.
	Dir string `yaml:"-"`
}

// FilterSpec is one filter of a File. Its names are those of Filter's fields.
type FilterSpec struct {
	Name   string `yaml:"name"`
	Source string `yaml:"source"`
	// Config is a mapping, a list or text; ConfigFile names a file with one.
	Config                      any               `yaml:"config"`
	ConfigFile                  string            `yaml:"configFile"`
	VMConfig                    any               `yaml:"vmConfig"`
	VMID                        string            `yaml:"vmId"`
	RootID                      string            `yaml:"rootId"`
	Env                         map[string]string `yaml:"env"`
	FailurePolicy               string            `yaml:"failurePolicy"`
	AllowOnHeadersStopIteration bool              `yaml:"allowOnHeadersStopIteration"`
}

// maxFileSize is the largest chain file that is read, in bytes.
const maxFileSize = 8 << 20

// ReadFile reads a chain file. Unknown keys and wrong types are errors of the
// form FILE:LINE:COLUMN: what.
func ReadFile(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, hint.Wrap(err, "see 'wasmctl run --help' for the form of a chain file")
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFileSize {
		return nil, fmt.Errorf("%s is larger than %d MiB", path, maxFileSize>>20)
	}
	file, err := parseFile(path, text)
	if err != nil {
		return nil, err
	}
	file.Dir = filepath.Dir(path)
	return file, nil
}

func parseFile(path string, text []byte) (*File, error) {
	var file File
	decoder := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict(), yaml.UseOrderedMap())
	if err := decoder.Decode(&file); err != nil && !errors.Is(err, io.EOF) {
		return nil, at(path, err)
	}
	if len(file.Filters) == 0 {
		return nil, hint.Errorf("list at least one under 'filters:', each with a 'source:'", "%s names no filter", path)
	}
	for i, f := range file.Filters {
		if err := f.check(); err != nil {
			return nil, fmt.Errorf("%s: filters[%d]: %w", path, i, err)
		}
	}
	if err := checkSpecNames(file.Filters); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if _, err := file.ClusterList(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &file, nil
}

// at puts the place of a YAML error before its text, as compilers do.
func at(path string, err error) error {
	f, ok := findYAMLFault(err)
	if !ok || f.line == 0 {
		return fmt.Errorf("%s: %w", path, err)
	}
	return fmt.Errorf("%s:%d:%d: %s", path, f.line, f.column, f.message)
}

// checkSpecNames refuses a name that was given twice. Filters without a name
// are told apart later.
func checkSpecNames(specs []FilterSpec) error {
	seen := map[string]bool{}
	for _, spec := range specs {
		if spec.Name != "" && seen[spec.Name] {
			return hint.Errorf("give each filter a 'name' of its own, or none", "two filters are named %q", spec.Name)
		}
		seen[spec.Name] = true
	}
	return nil
}

func (f FilterSpec) check() error {
	if f.Source == "" {
		return hint.Errorf("a source is a project folder, a .wasm file, a tag or a reference", "it has no source")
	}
	if f.Config != nil && f.ConfigFile != "" {
		return hint.Errorf("keep one of them", "it has both config and configFile")
	}
	_, err := ParseFailurePolicy(f.FailurePolicy)
	return err
}

// Configuration returns the bytes the filter is handed, and whether the file
// says anything of them. dir is where a relative configFile starts.
func (f FilterSpec) Configuration(dir string) (configuration []byte, given bool, err error) {
	if f.ConfigFile != "" {
		configuration, err = ReadConfigurationFile(Under(dir, f.ConfigFile))
		return configuration, true, err
	}
	if f.Config == nil {
		return nil, false, nil
	}
	configuration, err = configurationOf(f.Config, fmt.Append(nil, f.Config))
	return configuration, true, err
}

// VMConfiguration is Configuration for the VM's own configuration.
func (f FilterSpec) VMConfiguration() ([]byte, error) {
	if f.VMConfig == nil {
		return nil, nil
	}
	return configurationOf(f.VMConfig, fmt.Append(nil, f.VMConfig))
}

// ReadConfigurationFile is ReadConfiguration of a file, with the file's name in
// its errors.
func ReadConfigurationFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	configuration, err := ReadConfiguration(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return configuration, nil
}

// Under returns path below dir, or path itself when it is absolute.
func Under(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}
