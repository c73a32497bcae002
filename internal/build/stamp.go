package build

import (
	"encoding/json"
	"errors"
	"io/fs"
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
	// Unfit is the fingerprint with the toolchain of this machine, where that was
	// found too old and a container took its place.
	Unfit string `json:"unfit,omitempty"`
}

// maxStamp bounds what is read of a stamp, in bytes.
const maxStamp = 4096

func (j *job) stampPath() string { return j.module + ".stamp" }

// upToDate returns the module in the build folder if it was built from these
// inputs and has not been changed since. Whatever is wrong with it or with its
// stamp means that it has to be built again.
func (j *job) upToDate(inputs string) (*Result, bool) {
	s, ok := j.readStamp()
	if !ok || s.Inputs != inputs {
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

// readStamp reads the stamp of the module; what is no stamp is as good as none.
func (j *job) readStamp() (stamp, bool) {
	b, err := os.ReadFile(j.stampPath())
	if err != nil || len(b) > maxStamp {
		return stamp{}, false
	}
	var s stamp
	return s, json.Unmarshal(b, &s) == nil
}

// removeStamp makes the next build work, whatever has changed.
func (j *job) removeStamp() error {
	if err := os.Remove(j.stampPath()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return notWritable(err, j.dir)
	}
	return nil
}

func (j *job) writeStamp(s stamp) error {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(j.stampPath(), append(b, '\n'))
}
