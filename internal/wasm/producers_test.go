package wasm_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wasmctl/wasmctl/internal/testkit"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

func filter(t testing.TB) *wasm.Module {
	t.Helper()
	m, err := wasm.Decode(testkit.Filter().Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestProducers(t *testing.T) {
	t.Parallel()
	m := filter(t)
	if p, err := m.Producers(); p != nil || err != nil {
		t.Fatalf("producers %v, %v of a module without any", p, err)
	}
	want := wasm.Producers{
		{Field: wasm.ProducerLanguage, Values: []wasm.Producer{{Name: "Go", Version: "go1.26.8"}}},
		{Field: wasm.ProducerProcessedBy, Values: []wasm.Producer{{Name: "größer", Version: ""}, {Name: "b", Version: "2"}}},
		{Field: "own", Values: []wasm.Producer{}},
	}
	with, err := m.WithProducers(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := with.Producers()
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	again, err := with.WithProducers(got)
	if err != nil || !bytes.Equal(again.Bytes(), with.Bytes()) {
		t.Errorf("writing what was read changes the module: %v", err)
	}
	if n := len(again.CustomSections(wasm.ProducersName)); n != 1 {
		t.Errorf("%d sections", n)
	}
}

func TestProducersWith(t *testing.T) {
	t.Parallel()
	var p wasm.Producers
	first := p.With("sdk", wasm.Producer{Name: "a", Version: "1"}).With("language", wasm.Producer{Name: "Rust"})
	second := first.With("sdk", wasm.Producer{Name: "a", Version: "2"}).With("sdk", wasm.Producer{Name: "b"})
	if diff := cmp.Diff([]wasm.Producer{{Name: "a", Version: "1"}}, first.Field("sdk")); diff != "" {
		t.Error("the receiver was changed", diff)
	}
	want := wasm.Producers{
		{Field: "sdk", Values: []wasm.Producer{{Name: "a", Version: "2"}, {Name: "b"}}},
		{Field: "language", Values: []wasm.Producer{{Name: "Rust"}}},
	}
	if diff := cmp.Diff(want, second); diff != "" {
		t.Error(diff)
	}
	if p.Field("sdk") != nil || second.Field("other") != nil {
		t.Error("a field that is not there has values")
	}
}

func TestProducersMalformed(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		content []byte
		want    error
	}{
		"nothing":         {nil, wasm.ErrTruncated},
		"field announced": {[]byte{1}, wasm.ErrTruncated},
		"many fields":     {[]byte{0xff, 0xff, 0xff, 0xff, 0x0f, 1}, wasm.ErrTruncated},
		"many values":     {[]byte{1, 1, 'a', 0xff, 0xff, 0xff, 0xff, 0x0f, 1}, wasm.ErrTruncated},
		"long name":       {[]byte{1, 9, 'a', 0}, wasm.ErrTruncated},
		"no UTF-8":        {[]byte{1, 1, 0xff, 0}, wasm.ErrMalformed},
		"too much":        {[]byte{0, 0}, wasm.ErrMalformed},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := filter(t).WithCustomSection(wasm.ProducersName, c.content)
			if err != nil {
				t.Fatal(err)
			}
			if p, err := m.Producers(); !errors.Is(err, c.want) {
				t.Errorf("producers %v, error %v, want %v", p, err, c.want)
			}
		})
	}
}

func TestWithoutCustomSectionsFunc(t *testing.T) {
	t.Parallel()
	m := filter(t)
	bare := m
	for _, name := range []string{"a", "b", "a"} {
		var err error
		if m, err = m.WithCustomSection(name, []byte(name)); err != nil {
			t.Fatal(err)
		}
	}
	none, err := m.WithoutCustomSectionsFunc(func(name string) bool { return name == "c" })
	if err != nil || none != m {
		t.Errorf("a module without the section is another one: %v", err)
	}
	one, err := m.WithoutCustomSectionsFunc(func(name string) bool { return name == "a" })
	if err != nil || len(one.CustomSections("a")) != 0 || len(one.CustomSections("b")) != 1 {
		t.Errorf("sections %v, %v", one.Sections(), err)
	}
	all, err := m.WithoutCustomSectionsFunc(func(string) bool { return true })
	if err != nil || !bytes.Equal(all.Bytes(), bare.Bytes()) {
		t.Errorf("sections %v, %v", all.Sections(), err)
	}
}

func FuzzProducers(f *testing.F) {
	m := filter(f)
	f.Add([]byte{0})
	f.Add([]byte{1, 3, 's', 'd', 'k', 1, 1, 'a', 1, '1'})
	f.Add([]byte{2, 0, 0, 0, 1, 0, 0})
	f.Fuzz(func(t *testing.T, content []byte) {
		with, err := m.WithCustomSection(wasm.ProducersName, content)
		if err != nil {
			t.Fatal(err)
		}
		p, err := with.Producers()
		if err != nil {
			return
		}
		again, err := with.WithProducers(p)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := again.Producers(); err != nil || !cmp.Equal(p, got) {
			t.Fatalf("%v became %v, %v", p, got, err)
		}
	})
}
