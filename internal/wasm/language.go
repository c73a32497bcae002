package wasm

import "strings"

// Language is what a module was written in, as far as the module tells. It
// decides which words a hint uses.
type Language string

// The languages that hints know. TinyGo is one of its own: its flags are not Go's.
const (
	LanguageUnknown        Language = ""
	LanguageGo             Language = "go"
	LanguageTinyGo         Language = "tinygo"
	LanguageRust           Language = "rust"
	LanguageCPP            Language = "cpp"
	LanguageAssemblyScript Language = "assemblyscript"
	LanguageZig            Language = "zig"
)

// Language guesses what the module was written in: from its producers section,
// which compilers and wasmctl write, else from what only one compiler leaves.
func (m *Module) Language() Language {
	producers, err := m.Producers()
	if err != nil {
		producers = nil
	}
	for _, tool := range producers.Field(ProducerProcessedBy) {
		if strings.EqualFold(tool.Name, "tinygo") {
			return LanguageTinyGo
		}
	}
	for _, language := range producers.Field(ProducerLanguage) {
		if l := languageOf(language.Name); l != LanguageUnknown {
			return l
		}
	}
	return m.languageByTraces()
}

// languageOf reads a name of the field "language". Clang writes the standard:
// "C11", "C_plus_plus_14".
func languageOf(name string) Language {
	switch lower := strings.ToLower(name); {
	case lower == "go":
		return LanguageGo
	case lower == "tinygo":
		return LanguageTinyGo
	case lower == "rust":
		return LanguageRust
	case lower == "assemblyscript":
		return LanguageAssemblyScript
	case lower == "zig":
		return LanguageZig
	case lower == "c", lower == "c++", strings.HasPrefix(lower, "c_plus_plus"):
		return LanguageCPP
	case len(lower) == 3 && lower[0] == 'c' && lower[1] >= '0' && lower[1] <= '9':
		return LanguageCPP
	}
	return LanguageUnknown
}

// languageByTraces looks for sections, imports and exports of one compiler.
func (m *Module) languageByTraces() Language {
	for _, s := range m.sections {
		if s.Name == "go:buildid" {
			return LanguageGo
		}
	}
	for _, i := range m.imports {
		switch {
		case i.Module == "gojs", i.Module == "go":
			return LanguageGo
		case i.Module == moduleEnv && i.Name == "abort" && i.Func != nil && len(i.Func.Params) == 4:
			return LanguageAssemblyScript
		case i.Module == "wbg", strings.HasPrefix(i.Module, "__wbindgen"):
			return LanguageRust
		case i.Module == moduleEnv && strings.HasPrefix(i.Name, "__cxa_"):
			return LanguageCPP
		}
	}
	for _, e := range m.exports {
		switch e.Name {
		case "__pin", "__collect":
			return LanguageAssemblyScript
		}
	}
	return LanguageUnknown
}
