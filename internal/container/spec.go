package container

import (
	"fmt"
	"net"
	"strconv"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/go-connections/nat"
)

// Spec describes a container. All containers have no capabilities, cannot gain
// any, and see their image read-only.
type Spec struct {
	// Name is unique in the daemon. "" lets the daemon choose one.
	Name   string
	Image  string
	Labels map[string]string
	// Command is the program and its arguments; the image's entry point is not used.
	Command []string
	// Dir is the working directory, Env are additional variables, NAME=value.
	Dir string
	Env []string
	// User is UID:GID.
	User string
	// Ports are published: the port in the container to an address of this
	// machine, host:port, with port 0 for a free one. Not with HostNetwork.
	Ports map[uint16]string
	// HostNetwork shares this machine's network; NoNetwork leaves only a loopback
	// interface.
	HostNetwork, NoNetwork bool
	// Hosts are additional names, NAME:ADDRESS.
	Hosts []string
	// Folder, when set, is a writable folder in the container that goes with it.
	Folder string
	Mounts []Mount
	// Tmpfs are folders in memory, writable by everyone, from which programs may
	// be run: the path, and the greatest size in bytes.
	Tmpfs map[string]int64
	// Memory is the most that the container may use, in bytes, CPUs the number
	// of cores, PIDs that of processes. 0 is no limit.
	Memory int64
	CPUs   float64
	PIDs   int64
	// HostUsers gives the container this machine's user ids where the daemon
	// would use others.
	HostUsers bool
}

// Mount is a folder or a file that a container gets.
type Mount struct {
	// Volume is the name of a volume, Path a place on the daemon's machine. One
	// of them is set.
	Volume, Path string
	// Target is the place in the container.
	Target   string
	ReadOnly bool
	// Labels are for a volume that is not there yet.
	Labels map[string]string
}

func (m Mount) docker() mount.Mount {
	if m.Volume != "" {
		return mount.Mount{
			Type: mount.TypeVolume, Source: m.Volume, Target: m.Target, ReadOnly: m.ReadOnly,
			VolumeOptions: &mount.VolumeOptions{Labels: m.Labels},
		}
	}
	return mount.Mount{Type: mount.TypeBind, Source: m.Path, Target: m.Target, ReadOnly: m.ReadOnly}
}

func (s Spec) docker() (*container.Config, *container.HostConfig, error) {
	config := &container.Config{
		Image:      s.Image,
		Labels:     s.Labels,
		Entrypoint: s.Command[:1],
		Cmd:        s.Command[1:],
		User:       s.User,
		WorkingDir: s.Dir,
		Env:        s.Env,
	}
	host := &container.HostConfig{
		ReadonlyRootfs: true,
		CapDrop:        []string{"ALL"},
		SecurityOpt:    []string{"no-new-privileges"},
		ExtraHosts:     s.Hosts,
	}
	s.addMounts(host)
	s.addLimits(host)
	return config, host, s.addNetwork(config, host)
}

func (s Spec) addMounts(host *container.HostConfig) {
	if s.Folder != "" {
		host.Mounts = []mount.Mount{{Type: mount.TypeVolume, Target: s.Folder}}
	}
	for _, m := range s.Mounts {
		host.Mounts = append(host.Mounts, m.docker())
		if m.Path != "" {
			// With SELinux a container may not read a user's files. Their labels
			// are not changed for it: that would change the user's files.
			host.SecurityOpt = []string{"no-new-privileges", "label=disable"}
		}
	}
	if len(s.Tmpfs) > 0 {
		host.Tmpfs = map[string]string{}
	}
	for path, size := range s.Tmpfs {
		host.Tmpfs[path] = "rw,exec,nosuid,nodev,mode=1777,size=" + strconv.FormatInt(size, 10)
	}
}

func (s Spec) addLimits(host *container.HostConfig) {
	host.Memory, host.MemorySwap = s.Memory, s.Memory // the same: no swap besides
	host.NanoCPUs = int64(s.CPUs * 1e9)
	if s.PIDs > 0 {
		host.PidsLimit = &s.PIDs
	}
	if s.HostUsers {
		host.UsernsMode = "host"
	}
}

func (s Spec) addNetwork(config *container.Config, host *container.HostConfig) error {
	switch {
	case s.HostNetwork:
		host.NetworkMode = "host"
		return nil
	case s.NoNetwork:
		host.NetworkMode = "none"
		return nil
	}
	config.ExposedPorts, host.PortBindings = nat.PortSet{}, nat.PortMap{}
	for inside, outside := range s.Ports {
		ip, port, err := net.SplitHostPort(outside)
		if err != nil {
			return fmt.Errorf("publish port %d: %w", inside, err)
		}
		key := nat.Port(strconv.Itoa(int(inside)) + "/tcp")
		config.ExposedPorts[key] = struct{}{}
		host.PortBindings[key] = []nat.PortBinding{{HostIP: ip, HostPort: port}}
	}
	return nil
}
