package deploy

import "context"

// Undeployed is what Undeploy found.
type Undeployed struct {
	Name string `json:"name"`
	// WasRunning is false when the Envoy had already ended and only its
	// leftovers were removed.
	WasRunning bool `json:"wasRunning"`
}

// Undeploy ends the detached deployment of that name and removes its folder.
// The error is ErrNotFound when there is none.
func Undeploy(ctx context.Context, stateDir, name string) (*Undeployed, error) { panic("todo") }

// Listed is a detached deployment and whether it still runs.
type Listed struct {
	Deployment
	Running bool `json:"running"`
}

// List returns the detached deployments, sorted by name.
func List(ctx context.Context, stateDir string) ([]Listed, error) { panic("todo") }
