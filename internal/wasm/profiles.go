package wasm

// EnvoyProfile is the stock Envoy, with V8 as its engine. Everything in it was
// found by running modules in Envoy 1.36, 1.37, 1.39 and 1.40.
func EnvoyProfile() Profile {
	return Profile{
		Host: HostEnvoy, Name: "Envoy", Version: "1.40", Engine: "V8 14.4",
		ABI: []ABIVersion{ABI010, ABI020, ABI021}, Functions: EnvoyFunctions(""),
		Lacks: []Feature{FeatureWideArithmetic}, Since: newInEnvoy(),
		OneKindOfExceptions: true, MakesImports: true, Limits: V8Limits(0),
	}
}

// newInEnvoy are the features that V8 10.7 lacks, which Envoy had up to 1.35,
// with the release that brought a newer V8.
func newInEnvoy() map[Feature]string {
	since := map[Feature]string{}
	for _, f := range lacksV8of2022() {
		if f != FeatureWideArithmetic {
			since[f] = "1.36"
		}
	}
	return since
}

// lacksV8of2022 are the features that V8 10.7.193.13 lacks: found with a Node.js
// that has that very V8.
func lacksV8of2022() []Feature {
	return []Feature{
		FeatureTailCalls, FeatureExtendedConst, FeatureRelaxedSIMD, FeatureTypedReferences, FeatureGC,
		FeatureMultiMemory, FeatureMemory64, FeatureExceptions, FeatureWideArithmetic,
	}
}

// IstioProfile is Istio, whose proxy is an Envoy. Its agent fetches modules, up
// to a size that ISTIO_WASM_MAX_BINARY_SIZE_BYTES sets.
func IstioProfile() Profile {
	p := EnvoyProfile()
	p.Host, p.Name, p.Version = HostIstio, "Istio", "with Envoy 1.36 or later"
	p.Limits.ModuleSize = 256 << 20
	return p
}

// GatewayProfile is Envoy Gateway, which runs stock Envoys and fetches modules
// for them.
func GatewayProfile() Profile {
	p := EnvoyProfile()
	p.Host, p.Name, p.Version = HostGateway, "Envoy Gateway", "with Envoy 1.36 or later"
	p.Limits.ModuleSize = 256 << 20
	return p
}

// HigressProfile is Higress, whose Envoy has an older V8 and more functions.
// It is read in the source of its host, and not run here; the features are those
// of its V8.
func HigressProfile() Profile {
	return Profile{
		Host: HostHigress, Name: "Higress", Version: "2026-04", Engine: "V8 10.7",
		ABI:       []ABIVersion{ABI010, ABI020, ABI021, ABI02100},
		Functions: higressFunctions(), Callbacks: higressCallbacks(),
		Lacks: lacksV8of2022(), MakesImports: true, Limits: V8Limits(256 << 20),
	}
}

// Profiles returns all hosts but the embedded one, which describes itself.
func Profiles() []Profile {
	return []Profile{EnvoyProfile(), IstioProfile(), GatewayProfile(), HigressProfile()}
}
