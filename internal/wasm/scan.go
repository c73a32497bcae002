package wasm

import "fmt"

// scanned is what the code and the other sections tell that Decode passes over.
type scanned struct {
	features []FeatureUse
	// tableElements is the largest number of elements that a table starts with.
	tableElements uint64
	// functionSize is the size of the largest function body in bytes.
	functionSize int
	// locals is the largest number of local variables of a function, parameters
	// not counted.
	locals uint64
	err    error
}

// scanner reads instructions, and takes notes of the features.
type scanner struct {
	reader
	m   *Module
	set *instructionSet
	// known is set in a constant expression: only in those an addition is a feature.
	constant bool
	result   scanned
}

// scan reads the sections that hold code, and what Decode has only counted.
func scan(m *Module) scanned {
	uses := m.declared
	s := &scanner{reader: reader{buf: m.raw, uses: &uses}, m: m, set: newInstructionSet()}
	for _, section := range m.sections {
		s.end = int(section.Offset + section.Size)
		s.pos = s.end - len(section.Content)
		if err := s.section(section.ID); err != nil {
			s.result.err = &SectionError{ID: section.ID, Offset: int64(s.pos), Err: err}
			break
		}
	}
	if m.spaces[ExternMemory] > 1 && uses[FeatureMultiMemory].count == 0 {
		uses.note(FeatureMultiMemory, 0, nil)
	}
	s.result.features = uses.list()
	return s.result
}

func (s *scanner) section(id SectionID) error {
	each := map[SectionID]func() error{
		SectionTable: s.table, SectionTag: s.tag, SectionGlobal: s.global, SectionElement: s.elements, SectionData: s.data,
	}[id]
	switch {
	case id == SectionCode:
		return s.bodies()
	case id == SectionDataCount:
		s.note(FeatureBulkMemory, s.pos)
		return nil
	case each == nil:
		return nil
	}
	n, err := s.count(1)
	if err != nil {
		return err
	}
	for i := range n {
		if id == SectionTable && i+s.m.spaces[ExternTable]-n > 0 {
			s.note(FeatureReferenceTypes, s.pos) // a second table
		}
		if err := each(); err != nil {
			return err
		}
	}
	if s.left() > 0 {
		return fmt.Errorf("%w: %d bytes too many in the section", ErrMalformed, s.left())
	}
	return nil
}
