package chain

import (
	"net/url"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/wasmctl/wasmctl/internal/hint"
)

// UpstreamCluster is the name of the cluster behind the last filter. Filters
// can call it as well.
const UpstreamCluster = "upstream"

// Cluster is a service that filters can call by its name, with proxy_http_call
// and proxy_grpc_call.
type Cluster struct {
	Name string
	// URL has the form of Chain.Upstream; it is not nil. gRPC needs h2c.
	URL *url.URL
}

const clusterHint = "write it as NAME=HOST:PORT, or NAME=h2c://HOST:PORT for gRPC"

// ParseCluster reads a cluster as users write it: NAME=HOST:PORT, or with a URL
// as ParseUpstream takes it.
func ParseCluster(s string) (Cluster, error) {
	name, address, ok := strings.Cut(s, "=")
	if !ok {
		return Cluster{}, hint.Errorf(clusterHint, "cluster %q has no '='", s)
	}
	return newCluster(name, address)
}

func newCluster(name, address string) (Cluster, error) {
	switch {
	case name == "" || strings.ContainsFunc(name, isUnfit):
		return Cluster{}, hint.Errorf(clusterHint, "%q is not a name of a cluster", name)
	case name == UpstreamCluster || name == "echo":
		return Cluster{}, hint.Errorf("choose another name", "the cluster name %q is taken", name)
	case address == "":
		return Cluster{}, hint.Errorf(clusterHint, "cluster %q has no address", name)
	}
	u, err := ParseUpstream(address)
	if err != nil {
		return Cluster{}, hint.Errorf(clusterHint, "cluster %q: %w", name, err)
	}
	return Cluster{Name: name, URL: u}, nil
}

// isUnfit tells whether a character cannot be in a name that stands in statistics.
func isUnfit(r rune) bool { return r <= ' ' || r == 0x7f }

// CheckClusters tells whether every cluster has a name of its own.
func CheckClusters(clusters []Cluster) error {
	seen := map[string]bool{}
	for _, c := range clusters {
		if seen[c.Name] {
			return hint.Errorf("give each cluster a name of its own", "two clusters are named %q", c.Name)
		}
		seen[c.Name] = true
	}
	return nil
}

// ClusterList returns the clusters of the file in the order they are written in.
func (f *File) ClusterList() ([]Cluster, error) {
	clusters := make([]Cluster, 0, len(f.Clusters))
	for _, item := range f.Clusters {
		name, nameOK := item.Key.(string)
		address, addressOK := item.Value.(string)
		if !nameOK || !addressOK {
			return nil, hint.Errorf("write NAME: HOST:PORT", "clusters: %v: %v is not a name with an address", item.Key, item.Value)
		}
		c, err := newCluster(name, address)
		if err != nil {
			return nil, err
		}
		clusters = append(clusters, c)
	}
	return clusters, nil
}

// clusterItems are the clusters of a File as they stand there.
type clusterItems = yaml.MapSlice
