package build

import (
	"context"
	"errors"
)

// chooseToolchain returns the toolchain of the place that the options name. With
// auto that is this machine, or a builder container where the tools of this
// machine are missing. No program is started for it and no daemon asked: it is
// part of the build that finds nothing to do.
func chooseToolchain(ctx context.Context, j *job) (toolchain, error) {
	if err := j.forgetModule(); err != nil {
		return nil, err
	}
	switch j.options.Toolchain {
	case ToolchainHost:
		return hostToolchain(j)
	case ToolchainContainer:
		return containerToolchain(j)
	}
	host, err := hostToolchain(j)
	if err == nil {
		_, err = host.settings(ctx)
	}
	switch {
	case err == nil && j.knownUnfit(ctx, host):
		return containerToolchain(j)
	case err == nil:
		return host, nil
	case ctx.Err() == nil && errors.Is(err, ErrToolMissing):
		return instead(j, err)
	}
	return nil, err
}

// instead returns the toolchain of a container where the tools of this machine
// cannot build, and why. That no container could either changes nothing.
func instead(j *job, why error) (toolchain, error) {
	tools, err := containerToolchain(j)
	if err != nil {
		return nil, why
	}
	tools.(*builder).because = why //nolint:forcetypeassert // it is what containerToolchain returns
	return tools, nil
}

// forgetModule makes sure that a build which asks for a new builder image is not
// found to be up to date.
func (j *job) forgetModule() error {
	if o := j.options; o.Toolchain == ToolchainHost || !o.Container.NoCache && !o.Container.Pull {
		return nil
	}
	return j.removeStamp()
}

// knownUnfit tells whether this machine's tools were found too old for the
// project when it was built last, and neither they nor the project has changed.
func (j *job) knownUnfit(ctx context.Context, host toolchain) bool {
	s, ok := j.readStamp()
	if !ok || s.Unfit == "" {
		return false
	}
	inputs, err := fingerprint(ctx, j, host)
	return err == nil && inputs == s.Unfit
}

// versionOrInstead asks the toolchain for its version. With auto, tools of this
// machine that turn out to be too old are replaced by a container.
func versionOrInstead(ctx context.Context, j *job, tools toolchain, s *stamp) (toolchain, error) {
	version, err := tools.version(ctx)
	_, contained := tools.(elsewhere)
	auto := j.options.Toolchain == ToolchainAuto || j.options.Toolchain == ""
	if err != nil && auto && !contained && ctx.Err() == nil && (errors.Is(err, ErrToolTooOld) || errors.Is(err, ErrToolMissing)) {
		if tools, err = instead(j, err); err != nil {
			return nil, err
		}
		s.Unfit = s.Inputs
		if s.Inputs, err = fingerprint(ctx, j, tools); err != nil {
			return nil, err
		}
		version, err = tools.version(ctx)
	}
	s.Toolchain = version
	return tools, err
}
