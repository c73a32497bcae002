package wasm

import "fmt"

// table reads one table: its type, or 0x40, its type and its first value.
//
// https://webassembly.github.io/spec/core/binary/modules.html#table-section
func (s *scanner) table() error {
	filled := s.left() > 0 && s.buf[s.pos] == 0x40
	if filled {
		s.note(FeatureTypedReferences, s.pos)
		s.pos++
		if _, err := s.byte(); err != nil { // reserved
			return err
		}
	}
	n, err := s.tableType()
	s.result.tableElements = max(s.result.tableElements, n)
	if err != nil || !filled {
		return err
	}
	return s.constantExpression()
}

// tag reads one tag: an attribute and the index of a type.
//
// https://webassembly.github.io/spec/core/binary/modules.html#tag-section
func (s *scanner) tag() error {
	s.note(FeatureExceptionTags, s.pos)
	if _, err := s.byte(); err != nil {
		return err
	}
	_, err := s.u32()
	return err
}

// global reads one variable: its type, its mutability and its first value.
//
// https://webassembly.github.io/spec/core/binary/modules.html#global-section
func (s *scanner) global() error {
	if _, err := s.valueType(); err != nil {
		return err
	}
	if _, err := s.byte(); err != nil {
		return err
	}
	return s.constantExpression()
}

// elements reads one segment of elements. The bits of its flags are: 1 passive
// or declarative, 2 a table or declarative, 4 expressions instead of indices.
//
// https://webassembly.github.io/spec/core/binary/modules.html#element-section
func (s *scanner) elements() error {
	at := s.pos
	flags, err := s.u32()
	if err != nil {
		return err
	}
	switch {
	case flags > 7:
		return fmt.Errorf("%w: element segment with flags %d", ErrMalformed, flags)
	case flags&1 != 0:
		s.note(FeatureBulkMemory, at)
	default:
		if err := s.place(flags&2 != 0, FeatureReferenceTypes); err != nil {
			return err
		}
	}
	if flags&3 != 0 {
		if err := s.elementType(flags&4 != 0); err != nil {
			return err
		}
	}
	if flags&4 == 0 {
		return s.skipIndices()
	}
	n, err := s.count(1)
	for ; err == nil && n > 0; n-- {
		err = s.constantExpression()
	}
	return err
}

// elementType reads the type of the elements, or the kind of what their indices mean.
func (s *scanner) elementType(typed bool) error {
	if !typed {
		_, err := s.byte()
		return err
	}
	if s.left() > 0 && ValueType(s.buf[s.pos]) == FuncRef {
		s.pos++
		return nil
	}
	_, err := s.valueType()
	return err
}

// place reads where a segment goes: the index of a memory or table when there is
// one, which other than 0 needs a feature, and an offset.
func (s *scanner) place(indexed bool, f Feature) error {
	if indexed {
		at := s.pos
		i, err := s.u32()
		if err != nil {
			return err
		}
		if i != 0 {
			s.note(f, at)
		}
	}
	return s.constantExpression()
}

// data reads one segment of data. Its flags are: 0 for the first memory, 1
// passive, 2 for the memory that follows.
//
// https://webassembly.github.io/spec/core/binary/modules.html#data-section
func (s *scanner) data() error {
	at := s.pos
	flags, err := s.u32()
	if err != nil {
		return err
	}
	switch flags {
	case 0, 2:
		err = s.place(flags == 2, FeatureMultiMemory)
	case 1:
		s.note(FeatureBulkMemory, at)
	default:
		err = fmt.Errorf("%w: data segment with flags %d", ErrMalformed, flags)
	}
	if err != nil {
		return err
	}
	size, err := s.u32()
	if err == nil {
		_, err = s.take(size)
	}
	return err
}

// constantExpression reads the expression of a first value or an offset.
//
// https://webassembly.github.io/spec/core/valid/instructions.html#constant-expressions
func (s *scanner) constantExpression() error {
	s.constant = true
	err := s.expression()
	s.constant = false
	return err
}
