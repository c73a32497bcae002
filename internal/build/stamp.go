package build

import (
	"encoding/json"
	"os"
)

// stamp says of a module what it was built from. It lies beside the module, in
// a file of its name with ".stamp" at the end.
type stamp struct {
	// Inputs is the fingerprint of everything the module was built from.
	Inputs string `json:"inputs"`
	// Module is the SHA-256 of the module, in hexadecimal.
	Module string `json:"module"`
	// Toolchain names the toolchain and its version.
	Toolchain string `json:"toolchain"`
}

// maxStamp bounds what is read of a stamp, in bytes.
const maxStamp = 4096

func (j *job) stampPath() string { return j.module + ".stamp" }

// upToDate returns the module in the build folder if it was built from these
// inputs and has not been changed since. Whatever is wrong with it or with its
// stamp means that it has to be built again.
func (j *job) upToDate(inputs string) (*Result, bool) {
	b, err := os.ReadFile(j.stampPath())
	if err != nil || len(b) > maxStamp {
		return nil, false
	}
	var s stamp
	if err := json.Unmarshal(b, &s); err != nil || s.Inputs != inputs {
		return nil, false
	}
	m, err := readModule(j.module)
	if err != nil || m.SHA256() != s.Module {
		return nil, false
	}
	r := j.result(m, s)
	r.UpToDate = true
	return r, true
}

func (j *job) writeStamp(s stamp) error {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(j.stampPath(), append(b, '\n'))
}
