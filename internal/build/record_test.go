package build_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wasmctl/wasmctl/internal/build"
	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/internal/testkit"
	"github.com/wasmctl/wasmctl/internal/version"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

func TestRecordOfGo(t *testing.T) {
	t.Parallel()
	p := sample(t)
	testkit.WriteFiles(t, p.Dir, map[string]string{
		"go.mod": "module example.com/sample\n\ngo 1.24\n\nrequire github.com/proxy-wasm/proxy-wasm-go-sdk v0.1.2\n",
		"go.sum": "",
	})
	r := mustBuild(t, build.Options{Project: p, Env: []string{"GOFLAGS=-mod=mod"}})
	got, err := build.ReadRecord(r.Module)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r.Record, got); diff != "" {
		t.Error(diff)
	}
	want := &build.Record{
		Version: 1, Language: "go", Toolchain: r.Toolchain, Where: "host", SDK: "proxy-wasm-go-sdk v0.1.2",
		Sources: got.Sources, Wasmctl: version.Get().Version,
	}
	if diff := cmp.Diff(want, got); diff != "" || len(got.Sources) != len("sha256:")+64 {
		t.Error(diff, got.Sources)
	}
	producers, err := r.Module.Producers()
	if err != nil {
		t.Fatal(err)
	}
	sdk := []wasm.Producer{{Name: "proxy-wasm-go-sdk", Version: "v0.1.2"}}
	if diff := cmp.Diff(sdk, producers.Field(wasm.ProducerSDK)); diff != "" {
		t.Error(diff)
	}
	by := producers.Field(wasm.ProducerProcessedBy)
	if len(by) != 2 || by[0].Name != "Go cmd/compile" || by[1] != (wasm.Producer{Name: "wasmctl", Version: version.Get().Version}) {
		t.Errorf("processed by %v", by)
	}
	if language := producers.Field(wasm.ProducerLanguage); len(language) != 1 || language[0].Name != "Go" {
		t.Errorf("language %v", language)
	}
}

func TestSameBytesFromOtherFolders(t *testing.T) {
	t.Parallel()
	build1 := func(dir string) *build.Result {
		testkit.Need(t, testkit.Go)
		testkit.WriteGoFilter(t, dir)
		return mustBuild(t, build.Options{Project: &project.Project{Dir: dir, Name: "sample", Language: project.Go}})
	}
	first := build1(t.TempDir())
	second := build1(filepath.Join(t.TempDir(), "another place"))
	if !bytes.Equal(first.Module.Bytes(), second.Module.Bytes()) {
		t.Errorf("%+v\n%+v", first.Record, second.Record)
	}
	for _, dir := range []string{filepath.Dir(first.Path), filepath.Dir(second.Path)} {
		if bytes.Contains(first.Module.Bytes(), []byte(filepath.Dir(dir))) {
			t.Errorf("the module holds the path %s", dir)
		}
	}
}

func TestRecordTwice(t *testing.T) {
	t.Parallel()
	p := commandProject(t, copyModule)
	first := mustBuild(t, build.Options{Project: p})
	// The result of a build as the module of the next: one record, not two.
	again := commandProject(t, copyModule)
	testkit.WriteFiles(t, again.Dir, map[string]string{"module.wasm": string(first.Module.Bytes())})
	second := mustBuild(t, build.Options{Project: again})
	if names := sectionNames(second.Module); names != "producers wasmctl.build" {
		t.Errorf("custom sections %q", names)
	}
	one, _ := first.Module.Producers()
	two, err := second.Module.Producers()
	if diff := cmp.Diff(one, two); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestReadRecordMalformed(t *testing.T) {
	t.Parallel()
	m, err := wasm.Decode(testkit.Filter().Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if r, err := build.ReadRecord(m); r != nil || err != nil {
		t.Errorf("record %v, %v of a module without one", r, err)
	}
	for name, content := range map[string]string{
		"empty": "", "no JSON": "{", "a list": "[]", "a number for a text": `{"sources":1}`, "too large": strings.Repeat(" ", 1<<20),
	} {
		bad, err := m.WithCustomSection(build.RecordName, []byte(content))
		if err != nil {
			t.Fatal(err)
		}
		if r, err := build.ReadRecord(bad); err == nil || !strings.Contains(err.Error(), build.RecordName) {
			t.Errorf("%s: record %+v, error %v", name, r, err)
		}
	}
}
