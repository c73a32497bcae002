package build

import (
	"os"
	"runtime"
	"strings"
)

// system is a family of operating systems on which programs are installed in
// the same way.
type system string

// The systems that installHint tells apart.
const (
	systemDebian  system = "debian" // Debian, Ubuntu and what is made from them
	systemFedora  system = "fedora" // Fedora, RHEL and what is made from them
	systemLinux   system = "linux"  // another Linux
	systemDarwin  system = "darwin"
	systemWindows system = "windows"
)

// installHint says how what is missing is installed: by the command for this
// system, or by the list of all commands where none is for it.
func installHint(what string, commands map[system]string) string {
	release := ""
	if runtime.GOOS == "linux" {
		b, _ := os.ReadFile("/etc/os-release") // without one it is another Linux
		release = string(b)
	}
	return installHintOn(systemOf(runtime.GOOS, release), what, commands)
}

func installHintOn(s system, what string, commands map[system]string) string {
	if command := commands[s]; command != "" {
		return "install " + what + ": '" + command + "'"
	}
	var all []string
	for _, known := range []struct {
		system system
		title  string
	}{
		{systemDebian, "Debian and Ubuntu"},
		{systemFedora, "Fedora"},
		{systemLinux, "other Linux"},
		{systemDarwin, "macOS"},
		{systemWindows, "Windows"},
	} {
		if command := commands[known.system]; command != "" {
			all = append(all, known.title+": '"+command+"'")
		}
	}
	return "install " + what + " (" + strings.Join(all, "; ") + ")"
}

// systemOf returns the system by the name of Go for it and, for Linux, the text
// of its os-release file.
//
// https://www.freedesktop.org/software/systemd/man/latest/os-release.html
func systemOf(goos, release string) system {
	if goos != "linux" {
		return system(goos)
	}
	names := ""
	for line := range strings.Lines(release) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if key == "ID" || key == "ID_LIKE" {
			names += " " + strings.Trim(value, `"'`)
		}
	}
	for _, name := range strings.Fields(names) {
		switch name {
		case "debian", "ubuntu":
			return systemDebian
		case "fedora", "rhel", "centos":
			return systemFedora
		}
	}
	return systemLinux
}
